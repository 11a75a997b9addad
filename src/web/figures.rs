//! What people made of indications, in figures: how often one was confirmed, how soon somebody acknowledged it, how many were
//! unfounded. Each with what it is worth.

use maud::{Markup, html};

use super::Site;
use super::fault::Fault;
use super::words::Words;
use crate::accounts::Scope;
use crate::compliance::rate::{Rate, median};
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::letter;
use crate::store::{Outcomes, Span};

pub struct Figures {
    pub outcomes: Outcomes,
    /// Confirmed for a thousand sessions.
    pub confirmed: Option<Rate>,
    pub acknowledged_after_ms: Option<i64>,
    /// How many the median is of.
    pub acknowledged: usize,
}

impl Figures {
    /// Of the indications of these dates, the first of which begins at `begins`.
    pub async fn read(
        site: &Site,
        scope: &Scope,
        span: &Span,
        begins: Moment,
        sessions: i64,
    ) -> Result<Figures, Fault> {
        let outcomes = site.store.outcomes(scope, span, begins).await?;
        let acks = site.store.acknowledged_after_ms(scope, span, begins).await?;
        Ok(Figures {
            outcomes,
            confirmed: Rate::per_thousand(outcomes.confirmed, sessions),
            acknowledged: acks.len(),
            acknowledged_after_ms: median(acks),
        })
    }

    /// Name, figure and what stands under it; the same on the page and on paper.
    pub fn lines(&self, words: &Words) -> Vec<(&'static str, String, String)> {
        let none = || words.none.to_owned();
        let decimal = |number: f64| decimal(number, words);
        let decided = self.outcomes.confirmed + self.outcomes.unfounded;
        vec![
            (
                words.pick("Terkonfirmasi per 1.000 sesi", "Confirmed per 1,000 sessions"),
                self.confirmed.map_or_else(none, |rate| decimal(rate.value)),
                self.confirmed.map_or_else(String::new, |rate| {
                    format!(
                        "95 %: {}–{} · {} {}",
                        decimal(rate.low),
                        decimal(rate.high),
                        self.outcomes.confirmed,
                        words.pick("kasus", "cases")
                    )
                }),
            ),
            (
                words.pick("Tanpa dasar, dari yang diputuskan", "Unfounded, of those decided"),
                self.outcomes
                    .unfounded_share()
                    .map_or_else(none, |share| format!("{} %", decimal(share * 100.0))),
                format!("{} {} {decided}", self.outcomes.unfounded, words.pick("dari", "of")),
            ),
            (
                words.pick("Median sampai diterima orang", "Median time to acknowledge"),
                self.acknowledged_after_ms
                    .map_or_else(none, |ms| letter::duration(ms, words.language)),
                format!("{} {}", self.acknowledged, words.pick("indikasi", "indications")),
            ),
            (
                words.pick("Belum diputuskan", "Not decided yet"),
                self.outcomes.undecided.to_string(),
                String::new(),
            ),
        ]
    }

    pub fn show(&self, words: &Words) -> Markup {
        html! {
            section aria-labelledby="people" {
                h2 #people { (words.pick("Yang diputuskan orang", "What people decided")) }
                p.hint { (words.pick(
                    "Indikasi pada tanggal ini dan kelanjutannya. Rentang 95 % menunjukkan seberapa jauh angka kecil dapat dipercaya.",
                    "Indications of these dates and what became of them. The 95 % range says how far a small figure can be trusted.",
                )) }
                dl.sums {
                    @for (name, figure, under) in self.lines(words) {
                        div { dt { (name) } dd { (figure) @if !under.is_empty() { span.sum-under { (under) } } } }
                    }
                }
            }
        }
    }
}

/// `2,4` in Indonesian, `2.4` in English.
pub fn decimal(number: f64, words: &Words) -> String {
    let text = format!("{number:.1}");
    match words.language {
        Language::Id => text.replace('.', ","),
        Language::En => text,
    }
}
