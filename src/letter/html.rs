//! The HTML layout: one column, styles inline, nothing fetched from anywhere, light and dark.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::sheet::{Listing, Sheet, Tone};
use super::wording::Around;
use crate::engine::roster::Language;

const FONT: &str = "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;";

/// Mail readers that honour `<style>` get dark colours and narrow margins; all others get the inline styles.
const STYLE: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
@media (max-width:480px){.pad{padding-left:18px!important;padding-right:18px!important}\
.page{padding:0!important}.card{border-radius:0!important;border-left:0!important;border-right:0!important}\
.label{width:76px!important}.button a{display:block!important;text-align:center!important}}\
@media (prefers-color-scheme:dark){.page{background:#14171c!important}\
.card{background:#1d2128!important;border-color:#323843!important}\
.ink{color:#e8eaed!important}.soft{color:#a8b0bd!important}\
.rule{border-color:#323843!important}.tint{background:#262c35!important}\
.caution{background:#2e2a1c!important;border-color:#8a7434!important}\
.caution .ink{color:#f2e7c4!important}\
.news{background:#262c35!important}.link{color:#8ab4f8!important}}";

/// A longer word may be broken: it would not fit the line of a phone.
const UNBROKEN_MAX: usize = 24;

pub(super) struct Colours {
    pub head: &'static str,
    tint: &'static str,
    pub button: &'static str,
}

pub(super) fn colours(tone: Tone) -> Colours {
    match tone {
        Tone::Indication => Colours {
            head: "#8a3b12",
            tint: "#fbf1ea",
            button: "#8a3b12",
        },
        Tone::Unverifiable => Colours {
            head: "#4a5568",
            tint: "#f1f3f6",
            button: "#4a5568",
        },
        Tone::Technical => Colours {
            head: "#1f4e79",
            tint: "#edf3f9",
            button: "#1f4e79",
        },
        Tone::Critical => Colours {
            head: "#9b1c1c",
            tint: "#fceeee",
            button: "#9b1c1c",
        },
        Tone::Withdrawn => Colours {
            head: "#22663f",
            tint: "#ecf6f0",
            button: "#22663f",
        },
    }
}

pub fn lay_out(sheet: &Sheet) -> String {
    let title = format!("{} · {}", sheet.number, sheet.title);
    let preview = format!("{}. {}", sheet.state, sheet.fact);
    let card = card(sheet, &colours(sheet.tone));
    frame(sheet.language, &title, &preview, &sheet.around, &card)
}

/// What is around a card of rows.
pub(super) fn frame(language: Language, title: &str, preview: &str, around: &Around, card: &Markup) -> String {
    let language = match language {
        Language::Id => "id",
        Language::En => "en",
    };
    html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="supported-color-schemes" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body style="margin:0;padding:0;" {
                // The line that mail readers show beside the subject.
                div style="display:none;max-height:0;overflow:hidden;" { (preview) }
                table.page role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"
                    style="background:#eef0f3;padding:24px 12px;" {
                    tr { td align="center" {
                        table.card role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"
                            style={ "max-width:600px;text-align:left;background:#ffffff;border:1px solid #dfe3e8;border-radius:10px;\
                                     overflow:hidden;border-collapse:separate;" (FONT) } {
                            @if let Some(head) = &around.letterhead {
                                tr { td.pad.ink style="padding:14px 28px;font-size:14px;line-height:20px;font-weight:600;\
                                    color:#1d2733;" { (head) } }
                            }
                            (card)
                        }
                    } }
                }
            }
        }
    }
    .into_string()
}

fn card(sheet: &Sheet, colours: &Colours) -> Markup {
    html! {
            (title_row(&format!("{} · {}", sheet.class, sheet.number), &sheet.state, &sheet.title, colours))
            tr { td.pad style="padding:24px 28px 4px;" {
                p.ink style="margin:0 0 14px;font-size:15px;line-height:22px;color:#1d2733;" { (sheet.around.greeting) }
                @if !sheet.news.is_empty() { (news(sheet, colours)) }
                p.ink style="margin:0 0 18px;font-size:17px;line-height:26px;color:#1d2733;" { (prose(&sheet.fact)) }
                (rows(&sheet.rows, 96))
            } }
            @for listing in [&sheet.stretches, &sheet.evidence].into_iter().flatten() {
                tr { td.pad style="padding:20px 28px 0;" { (list(listing)) } }
            }
            tr { td.pad style="padding:20px 28px 0;" {
                (heading(&sheet.checks.0))
                ol.ink style="margin:0;padding:0 0 0 20px;font-size:15px;line-height:22px;color:#1d2733;" {
                    @for step in &sheet.checks.1 { li style="margin:0 0 6px;padding-left:4px;" { (step) } }
                }
            } }
            tr { td.pad style="padding:20px 28px 0;" { (caution(&sheet.caution)) } }
            tr { td.pad.button style="padding:22px 28px 0;" {
                a href=(sheet.link.1) style={ "display:inline-block;background:" (colours.button) ";color:#ffffff;\
                    text-decoration:none;font-size:15px;line-height:20px;font-weight:600;padding:12px 20px;\
                    border-radius:6px;" } { (sheet.link.0) }
            } }
            tr { td.pad style="padding:22px 28px 24px;" { (foot(sheet)) } }
    }
}

pub(super) fn title_row(label: &str, state: &str, title: &str, colours: &Colours) -> Markup {
    html! {
        tr { td.pad style={ "background:" (colours.head) ";padding:20px 28px 22px;" } {
            table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" {
                tr {
                    td style="font-size:13px;line-height:18px;color:#ffffff;font-weight:600;" {
                        (label)
                    }
                    td align="right" style="padding-left:12px;" {
                        span style={ "display:inline-block;background:#ffffff;color:" (colours.head) ";font-size:12px;\
                            line-height:16px;font-weight:700;padding:4px 10px;border-radius:11px;white-space:nowrap;" } {
                            (state)
                        }
                    }
                }
            }
            h1 style="margin:12px 0 0;font-size:22px;line-height:28px;font-weight:700;color:#ffffff;" { (title) }
        } }
    }
}

fn news(sheet: &Sheet, colours: &Colours) -> Markup {
    html! {
        table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 16px;" {
            tr { td.news style={ "background:" (colours.tint) ";border-left:4px solid " (colours.head) ";\
                padding:12px 14px;" } {
                @for (n, line) in sheet.news.iter().enumerate() {
                    p.ink style={ "margin:" (if n == 0 { "0" } else { "6px 0 0" }) ";font-size:15px;line-height:22px;\
                        color:#1d2733;" (if n == 0 { "font-weight:700;" } else { "" }) } { (prose(line)) }
                }
            } }
        }
    }
}

/// Names in a column of so many pixels, and values.
pub(super) fn rows(rows: &[(String, String)], width: u32) -> Markup {
    html! {
        table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"
            style="border-collapse:collapse;" {
            @for (name, value) in rows {
                tr {
                    td.label.soft.rule width=(width) valign="top" style={ "width:" (width) "px;padding:8px 10px 8px 0;\
                        font-size:14px;line-height:20px;color:#5b6673;border-top:1px solid #e6e9ed;" } { (name) }
                    td.ink.rule valign="top" style="padding:8px 0;font-size:14px;line-height:20px;color:#1d2733;\
                        border-top:1px solid #e6e9ed;" { (prose(value)) }
                }
            }
        }
    }
}

/// A text whose ids, dates and times of day are not broken at their hyphens and dashes.
fn prose(text: &str) -> Markup {
    html! {
        @for (n, word) in text.split(' ').enumerate() {
            @if n > 0 { " " }
            @if word.contains(['-', '–']) && word.chars().count() <= UNBROKEN_MAX {
                span style="white-space:nowrap;" { (word) }
            } @else { (word) }
        }
    }
}

pub(super) fn heading(text: &str) -> Markup {
    html! { h2.ink style="margin:0 0 8px;font-size:15px;line-height:20px;font-weight:700;color:#1d2733;" { (text) } }
}

fn list(listing: &Listing) -> Markup {
    html! {
        (heading(&listing.heading))
        table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"
            style="border-collapse:collapse;" {
            @for (at, text) in &listing.lines {
                tr {
                    td.soft width="1%" valign="top" style="padding:3px 12px 3px 0;font-size:14px;line-height:20px;\
                        color:#5b6673;white-space:nowrap;font-variant-numeric:tabular-nums;" { (at) }
                    td.ink valign="top" style="padding:3px 0;font-size:14px;line-height:20px;color:#1d2733;" { (prose(text)) }
                }
            }
        }
        @if let Some(rest) = &listing.rest {
            p.soft style="margin:4px 0 0;font-size:14px;line-height:20px;color:#5b6673;" { (rest) }
        }
    }
}

pub(super) fn caution(caution: &(String, String)) -> Markup {
    html! {
        table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" {
            tr { td.caution style="background:#fdf8e7;border:1px solid #e9d9a1;border-radius:6px;padding:12px 14px;" {
                p.ink style="margin:0;font-size:15px;line-height:21px;font-weight:700;color:#3d3413;" {
                    (caution.0)
                }
                p.ink style="margin:4px 0 0;font-size:14px;line-height:20px;color:#3d3413;" { (caution.1) }
            } }
        }
    }
}

fn foot(sheet: &Sheet) -> Markup {
    html! {
        p.soft style="margin:0;font-size:13px;line-height:19px;color:#5b6673;" {
            (sheet.policy.0) ": " (sheet.policy.1)
            @if let Some((name, basis)) = &sheet.basis { br; (name) ": " (basis) }
            @if let Some((name, decision)) = &sheet.decision { br; (name) ": " (decision) }
        }
        (closing(&sheet.around))
        (soft(&format!("{} {}", sheet.capacity, sheet.automatic)))
    }
}

/// What the office says at the end.
pub(super) fn closing(around: &Around) -> Markup {
    html! {
        @for phrase in &around.closing {
            p.ink style="margin:10px 0 0;font-size:14px;line-height:20px;color:#1d2733;" { (phrase) }
        }
    }
}

/// The last lines.
pub(super) fn soft(text: &str) -> Markup {
    html! {
        p.soft.rule style="margin:14px 0 0;padding:12px 0 0;border-top:1px solid #e6e9ed;font-size:12px;\
            line-height:18px;color:#5b6673;" { (text) }
    }
}
