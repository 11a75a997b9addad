//! Charts: SVG drawn here, without scripts and styles of their own. Each has its words for who cannot see it, and a table
//! beside it that says the same.

use maud::{Markup, html};

/// Shares of a heat map are told apart in so many steps, by a pattern of darkness that prints in grey.
const STEPS: usize = 5;

/// One point of a trend.
pub struct Point {
    pub label: String,
    /// What is shown when it is pointed at, and read out.
    pub told: String,
    /// Shares; `None` where there is nothing to divide by.
    pub bar: Option<f64>,
    pub mark: Option<f64>,
}

const WIDTH: f64 = 720.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 10.0;
const HEIGHT: f64 = 150.0;

/// Bars of one share from 0 to 1, with a mark for another across each.
pub fn shares(title: &str, points: &[Point]) -> Markup {
    let step = (WIDTH - LEFT) / points.len().max(1) as f64;
    let y = |share: f64| number(TOP + HEIGHT * (1.0 - share.clamp(0.0, 1.0)));
    // About ten labels fit beside each other.
    let every = points.len().div_ceil(10).max(1);
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " 188" } role="img" aria-label=(title) {
            @for (share, label) in [(1.0, "100 %"), (0.5, "50 %"), (0.0, "0 %")] {
                line.chart-grid x1=(LEFT) x2=(WIDTH) y1=(y(share)) y2=(y(share)) {}
                text x=(LEFT - 6.0) y=(y(share) + 4.0) text-anchor="end" { (label) }
            }
            @for (ix, point) in points.iter().enumerate() {
                @let x = LEFT + ix as f64 * step;
                g {
                    title { (point.told) }
                    rect.chart-touch x=(number(x)) y=(TOP) width=(number(step)) height=(HEIGHT) {}
                    @if let Some(share) = point.bar {
                        rect.chart-bar x=(number(x + step * 0.18)) width=(number(step * 0.64)) y=(y(share)) height=(number(HEIGHT * share.clamp(0.0, 1.0))) {}
                    }
                    @if let Some(share) = point.mark {
                        line.chart-mark x1=(number(x + step * 0.08)) x2=(number(x + step * 0.92)) y1=(y(share)) y2=(y(share)) {}
                    }
                    @if ix % every == 0 {
                        text x=(number(x + step / 2.0)) y="178" text-anchor="middle" { (point.label) }
                    }
                }
            }
        }
    }
}

/// One field of a heat map.
#[derive(Clone)]
pub struct Field {
    pub told: String,
    pub share: Option<f64>,
}

/// Rows of fields, darker where the share is lower: what needs a look stands out.
pub fn heat(title: &str, columns: &[String], rows: &[(String, Vec<Field>)]) -> Markup {
    let width = (WIDTH - 2.0 * LEFT) / columns.len().max(1) as f64;
    const ROW: f64 = 26.0;
    let x = |ix: usize| number(2.0 * LEFT + ix as f64 * width);
    let height = ROW * rows.len() as f64 + 24.0;
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(title) {
            @for (ix, column) in columns.iter().enumerate() {
                text x=(x(ix) + width / 2.0) y="14" text-anchor="middle" { (column) }
            }
            @for (line, (name, fields)) in rows.iter().enumerate() {
                @let y = 20.0 + ROW * line as f64;
                text x=(2.0 * LEFT - 8.0) y=(y + 17.0) text-anchor="end" { (name) }
                @for (ix, field) in fields.iter().enumerate() {
                    g {
                        title { (field.told) }
                        rect class={ "heat heat-" (step(field.share)) } x=(x(ix)) y=(y) width=(number(width - 2.0)) height=(ROW - 2.0) rx="3" {}
                    }
                }
            }
        }
    }
}

/// From the darkest, 0, to the lightest; `none` where nothing was.
fn step(share: Option<f64>) -> String {
    share.map_or("none".to_owned(), |share| {
        // Most offices are near the top, so the steps are narrow there.
        const BOUNDS: [f64; STEPS - 1] = [0.5, 0.8, 0.95, 0.99];
        BOUNDS.iter().filter(|bound| share >= **bound).count().to_string()
    })
}

/// A tenth of a pixel is as exact as anybody sees.
fn number(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
