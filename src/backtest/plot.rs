//! The report's pictures: inline SVG that needs no script, prints in grey, and grows with the page.

use maud::{Markup, html};

/// One group of a chart.
pub struct Bar {
    pub label: String,
    /// What is shown when it is pointed at, and read out.
    pub told: String,
    pub first: u64,
    pub second: u64,
}

const WIDTH: f64 = 720.0;
const LEFT: f64 = 36.0;
const TOP: f64 = 10.0;

/// The highest count, and the width of a group.
fn scale(bars: &[Bar]) -> (u64, f64) {
    let most = bars.iter().map(|bar| bar.first.max(bar.second)).max().unwrap_or(0);
    (most.max(1), (WIDTH - LEFT) / bars.len().max(1) as f64)
}

/// The first above a line, the second below it.
pub fn diverging(title: &str, bars: &[Bar]) -> Markup {
    const HALF: f64 = 84.0;
    let (most, step) = scale(bars);
    let middle = TOP + HALF;
    let height = |count: u64| count as f64 / most as f64 * HALF;
    html! {
        svg.plot viewBox={ "0 0 " (WIDTH) " 208" } role="img" aria-label=(title) {
            @for (sign, y) in [(1.0, TOP), (-1.0, middle + HALF)] {
                line.grid x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) {}
                text.tick x=(LEFT - 6.0) y=(y + 4.0) text-anchor="end" { @if sign > 0.0 { "+" } @else { "−" } (most) }
            }
            @for (ix, bar) in bars.iter().enumerate() {
                @let x = LEFT + ix as f64 * step;
                g {
                    title { (bar.told) }
                    rect.touch x=(number(x)) y=(TOP) width=(number(step)) height=(2.0 * HALF) {}
                    rect.opened x=(number(x + step * 0.12)) width=(number(step * 0.76)) y=(number(middle - height(bar.first))) height=(number(height(bar.first))) {}
                    rect.vanished x=(number(x + step * 0.12)) width=(number(step * 0.76)) y=(number(middle)) height=(number(height(bar.second))) {}
                }
            }
            line.axis x1=(LEFT) x2=(WIDTH) y1=(middle) y2=(middle) {}
            (labels(bars, step, 200.0))
        }
    }
}

/// Both beside each other.
pub fn paired(title: &str, bars: &[Bar]) -> Markup {
    const HEIGHT: f64 = 150.0;
    let (most, step) = scale(bars);
    let floor = TOP + HEIGHT;
    let height = |count: u64| count as f64 / most as f64 * HEIGHT;
    html! {
        svg.plot viewBox={ "0 0 " (WIDTH) " 188" } role="img" aria-label=(title) {
            @for (count, y) in [(most, TOP), (0, floor)] {
                line.grid x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) {}
                text.tick x=(LEFT - 6.0) y=(y + 4.0) text-anchor="end" { (count) }
            }
            @for (ix, bar) in bars.iter().enumerate() {
                @let x = LEFT + ix as f64 * step;
                g {
                    title { (bar.told) }
                    rect.touch x=(number(x)) y=(TOP) width=(number(step)) height=(HEIGHT) {}
                    rect.before x=(number(x + step * 0.1)) width=(number(step * 0.38)) y=(number(floor - height(bar.first))) height=(number(height(bar.first))) {}
                    rect.after x=(number(x + step * 0.5)) width=(number(step * 0.38)) y=(number(floor - height(bar.second))) height=(number(height(bar.second))) {}
                }
            }
            (labels(bars, step, 180.0))
        }
    }
}

/// Two thin bars in a table's cell, against the table's most.
pub fn cell(first: u64, second: u64, most: u64) -> Markup {
    let width = |count: u64| number(count as f64 / most.max(1) as f64 * 100.0);
    html! {
        svg.cell viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true" {
            rect.before x="0" y="1" height="6" width=(width(first)) {}
            rect.after x="0" y="9" height="6" width=(width(second)) {}
        }
    }
}

/// As many labels as fit.
fn labels(bars: &[Bar], step: f64, y: f64) -> Markup {
    let longest = bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0) as f64;
    let every = ((longest * 6.5 + 10.0) / step).ceil().max(1.0) as usize;
    html! {
        @for (place, (ix, bar)) in bars.iter().enumerate().step_by(every).enumerate() {
            // On a phone the letters are larger, and every second label goes.
            text.tick.odd[place % 2 == 1] x=(number(LEFT + (ix as f64 + 0.5) * step)) y=(y) text-anchor="middle" { (bar.label) }
        }
    }
}

/// Two digits are finer than a printer.
fn number(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
