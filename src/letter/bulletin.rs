//! Letters about several things at once: digests and summaries, as text and HTML of the same content.

use maud::{Markup, html};

use super::html::{caution, closing, colours, frame, heading, soft, title_row};
use super::sheet::Tone;
use super::text::{close, line, table, wrap};
use super::wording::Around;
use crate::engine::roster::Language;

/// What such a letter says, before it is laid out.
#[derive(Clone, Debug)]
pub struct Bulletin {
    pub language: Language,
    pub tone: Tone,
    /// `Ringkasan`
    pub label: String,
    /// `pukul 12.00`
    pub state: String,
    pub title: String,
    pub around: Around,
    pub lead: String,
    pub sections: Vec<Section>,
    pub caution: (String, String),
    pub link: (String, String),
    pub capacity: String,
    pub automatic: String,
}

#[derive(Clone, Debug)]
pub struct Section {
    pub heading: String,
    pub items: Vec<Item>,
    /// Names and values.
    pub rows: Vec<(String, String)>,
    /// What to do, in order.
    pub steps: Vec<String>,
}

/// One thing among several: what it is, more of it, and where it can be looked at.
#[derive(Clone, Debug)]
pub struct Item {
    pub what: String,
    pub more: String,
    pub link: Option<String>,
}

pub fn text(bulletin: &Bulletin) -> String {
    let mut out = String::new();
    if let Some(head) = &bulletin.around.letterhead {
        wrap(&mut out, head, "", "");
        out.push('\n');
    }
    line(
        &mut out,
        &format!("{} · {}", bulletin.label, bulletin.state).to_uppercase(),
    );
    wrap(&mut out, &bulletin.title, "", "");
    out.push('\n');
    wrap(&mut out, &bulletin.around.greeting, "", "");
    out.push('\n');
    wrap(&mut out, &bulletin.lead, "", "");
    for section in &bulletin.sections {
        out.push('\n');
        wrap(&mut out, &section.heading.to_uppercase(), "", "");
        table(&mut out, &section.rows);
        for item in &section.items {
            wrap(&mut out, &item.what, "- ", "  ");
            wrap(&mut out, &item.more, "  ", "  ");
            if let Some(link) = &item.link {
                line(&mut out, &format!("  {link}"));
            }
        }
        for (n, step) in section.steps.iter().enumerate() {
            wrap(&mut out, step, &format!("{}. ", n + 1), "   ");
        }
    }
    out.push('\n');
    wrap(&mut out, &bulletin.caution.0.to_uppercase(), "", "");
    wrap(&mut out, &bulletin.caution.1, "", "");
    out.push('\n');
    line(&mut out, &format!("{}:", bulletin.link.0));
    line(&mut out, &bulletin.link.1);
    out.push('\n');
    close(&mut out, &bulletin.around);
    line(&mut out, "-- ");
    wrap(&mut out, &bulletin.capacity, "", "");
    wrap(&mut out, &bulletin.automatic, "", "");
    out
}

pub fn html(bulletin: &Bulletin) -> String {
    let colours = colours(bulletin.tone);
    let card = html! {
        (title_row(&bulletin.label, &bulletin.state, &bulletin.title, &colours))
        tr { td.pad style="padding:24px 28px 4px;" {
            p.ink style="margin:0 0 14px;font-size:15px;line-height:22px;color:#1d2733;" { (bulletin.around.greeting) }
            p.ink style="margin:0 0 8px;font-size:17px;line-height:26px;color:#1d2733;" { (bulletin.lead) }
        } }
        @for section in &bulletin.sections { tr { td.pad style="padding:16px 28px 0;" { (of(section)) } } }
        tr { td.pad style="padding:20px 28px 0;" { (caution(&bulletin.caution)) } }
        tr { td.pad.button style="padding:22px 28px 0;" {
            a href=(bulletin.link.1) style={ "display:inline-block;background:" (colours.button) ";color:#ffffff;\
                text-decoration:none;font-size:15px;line-height:20px;font-weight:600;padding:12px 20px;\
                border-radius:6px;" } { (bulletin.link.0) }
        } }
        tr { td.pad style="padding:22px 28px 24px;" {
            (closing(&bulletin.around))
            (soft(&format!("{} {}", bulletin.capacity, bulletin.automatic)))
        } }
    };
    let title = format!("{} · {}", bulletin.label, bulletin.title);
    frame(bulletin.language, &title, &bulletin.lead, &bulletin.around, &card)
}

fn of(section: &Section) -> Markup {
    html! {
        (heading(&section.heading))
        @if !section.rows.is_empty() { (super::html::rows(&section.rows, 132)) }
        @if !section.steps.is_empty() {
            ol.ink style="margin:0;padding:0 0 0 20px;font-size:15px;line-height:22px;color:#1d2733;" {
                @for step in &section.steps { li style="margin:0 0 6px;padding-left:4px;" { (step) } }
            }
        }
        @for item in &section.items {
            div.rule style="padding:8px 0;border-top:1px solid #e6e9ed;font-size:15px;line-height:21px;" {
                @match &item.link {
                    Some(link) => a.link href=(link) style="color:#1f4e79;font-weight:600;" { (item.what) },
                    None => span.ink style="color:#1d2733;font-weight:600;" { (item.what) },
                }
                div.soft style="font-size:14px;line-height:20px;color:#5b6673;" { (item.more) }
            }
        }
    }
}
