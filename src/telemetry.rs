//! Logs and metrics. Neither ever holds a name, an address, a payload or a secret.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::engine::policy::Class;
use crate::store::rows::StepKind;
use crate::wire::Rejected;

/// The environment variable that says what is logged, e.g. `info,jagaloket::mqtt=debug`.
pub const LOG_VARIABLE: &str = "JAGALOKET_LOG";

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people; with colour on a terminal only.
    #[default]
    Text,
    Json,
}

/// A filter that cannot be read, or a second start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{LOG_VARIABLE} is not a log filter; write it like \"info,jagaloket::mqtt=debug\"")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    #[error("logging was started already")]
    Started(#[source] tracing_subscriber::util::TryInitError),
}

/// Starts logging to standard error. `usual` holds where the environment says nothing.
pub fn start_log(format: LogFormat, usual: &str) -> Result<(), LogError> {
    use tracing_subscriber::util::SubscriberInitExt as _;
    let filter = std::env::var(LOG_VARIABLE).ok().filter(|text| !text.trim().is_empty());
    let filter = EnvFilter::try_new(filter.as_deref().unwrap_or(usual)).map_err(LogError::Filter)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    }
    .map_err(LogError::Started)
}

/// A number that only grows while the process lives.
#[derive(Default, Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that rises and falls.
#[derive(Default, Debug)]
pub struct Gauge(AtomicI64);

impl Gauge {
    pub fn set(&self, value: i64) {
        self.0.store(value, Relaxed);
    }

    pub fn value(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

/// From a moment to a few days.
const MAIL_SECONDS: [f64; 12] = [
    0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0,
];

/// How long things took, in buckets. `N` upper bounds in seconds, and one bucket more for what was longer.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: [f64; N],
    buckets: [AtomicU64; N],
    longer: AtomicU64,
    sum_us: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: [f64; N]) -> Histogram<N> {
        Histogram {
            bounds,
            buckets: [const { AtomicU64::new(0) }; N],
            longer: AtomicU64::new(0),
            sum_us: AtomicU64::new(0),
        }
    }

    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = self.bounds.iter().position(|bound| seconds <= *bound);
        place
            .map_or(&self.longer, |place| &self.buckets[place])
            .fetch_add(1, Relaxed);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum_us.fetch_add(us, Relaxed);
    }

    pub fn count(&self) -> u64 {
        let longer = self.longer.load(Relaxed);
        self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum::<u64>() + longer
    }

    /// A bound in seconds that this share of all did not exceed, as fine as the buckets are; infinity where it lies beyond
    /// them, `None` where nothing was observed.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = (self.count() as f64 * share).ceil() as u64;
        let mut below = 0;
        for (bound, count) in self.bounds.iter().zip(&self.buckets) {
            below += count.load(Relaxed);
            if wanted > 0 && below >= wanted {
                return Some(*bound);
            }
        }
        (wanted > 0).then_some(f64::INFINITY)
    }
}

/// What the process counts; the daemon, the mailer and the dashboard each add their own.
#[derive(Debug)]
pub struct Metrics {
    pub events_accepted: Counter,
    pub events_duplicate: Counter,
    /// By code, in the order of `Rejected::CODES`; use `quarantined`.
    events_quarantined: [Counter; Rejected::CODES.len()],
    pub received_bytes: Counter,
    /// Messages received and not judged yet.
    pub waiting_events: Gauge,
    /// How often in a row the canary's mail was not accepted in time.
    pub canary_failed: Gauge,
    /// From the canary's event to the mail server's word.
    pub canary_seconds: Histogram<12>,
    /// By class (indication, unverifiable, technical) and step (opened, amended, retracted); use `decided`.
    verdict_steps: [[Counter; 3]; 3],
    /// Letters that were due and went to nobody, because the roster names nobody who may be told.
    pub told_nobody: Counter,
    pub broker_connections: Counter,
    /// Connections that should have found our session at the broker and did not.
    pub broker_sessions_lost: Counter,
    pub letters_sent: Counter,
    /// Attempts that failed, whether or not they are tried again.
    pub letter_failures: Counter,
    pub letters_dead: Counter,
    pub pages_served: Counter,
    pub pages_failed: Counter,
    /// Times other rosters or policies came into force while running.
    pub activations: Counter,
    pub activations_refused: Counter,
    /// What retention let go, by kind, in the order of `LET_GO`; use `let_go`.
    let_go: [Counter; LET_GO.len()],
    /// When its last run was finished, on the monitor's clock; 0: never.
    pub retention_last_ms: Gauge,
    /// Up to which entry the ledger was whole when it was last verified here; 0: never.
    pub ledger_verified_to: Gauge,
    /// When that was, on the monitor's clock.
    pub ledger_verified_ms: Gauge,
    /// The entry at which it was found not to be whole; 0: it was.
    pub ledger_broken_at: Gauge,
    /// From a message's receipt to the commit of what it decided.
    pub commit_seconds: Histogram<13>,
    /// From the moment a verdict opened to the mail server's acceptance of its first letter.
    pub mail_seconds: Histogram<12>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            events_accepted: Counter::default(),
            events_duplicate: Counter::default(),
            events_quarantined: Default::default(),
            received_bytes: Counter::default(),
            waiting_events: Gauge::default(),
            canary_failed: Gauge::default(),
            canary_seconds: Histogram::new(MAIL_SECONDS),
            verdict_steps: Default::default(),
            told_nobody: Counter::default(),
            broker_connections: Counter::default(),
            broker_sessions_lost: Counter::default(),
            letters_sent: Counter::default(),
            letter_failures: Counter::default(),
            letters_dead: Counter::default(),
            pages_served: Counter::default(),
            pages_failed: Counter::default(),
            activations: Counter::default(),
            activations_refused: Counter::default(),
            let_go: Default::default(),
            retention_last_ms: Gauge::default(),
            ledger_verified_to: Gauge::default(),
            ledger_verified_ms: Gauge::default(),
            ledger_broken_at: Gauge::default(),
            commit_seconds: Histogram::new([
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
            ]),
            mail_seconds: Histogram::new(MAIL_SECONDS),
        }
    }
}

const CLASSES: [Class; 3] = [Class::Indication, Class::Unverifiable, Class::Technical];
const STEPS: [StepKind; 3] = [StepKind::Opened, StepKind::Amended, StepKind::Retracted];

/// The kinds of what retention lets go, as the keys of its section call them.
pub const LET_GO: [&str; 5] = ["heartbeats", "quarantine", "letters", "indications", "events"];

impl Metrics {
    /// Counts what retention let go.
    pub fn let_go(&self, kind: &str, count: u64) {
        if let Some(place) = LET_GO.iter().position(|known| *known == kind) {
            self.let_go[place].add(count);
        }
    }

    /// What retention let go since the start, by kind.
    pub fn gone(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        LET_GO.into_iter().zip(self.let_go.iter().map(Counter::count))
    }

    /// Counts one message that went to quarantine.
    pub fn quarantined(&self, code: &str) {
        if let Some(place) = Rejected::CODES.iter().position(|known| *known == code) {
            self.events_quarantined[place].add(1);
        }
    }

    pub fn quarantined_count(&self) -> u64 {
        self.events_quarantined.iter().map(Counter::count).sum()
    }

    /// Counts one decision about a verdict.
    pub fn decided(&self, class: Class, step: StepKind) {
        self.verdict_steps[class as usize][step as usize].add(1);
    }

    /// All of it in Prometheus' text format.
    pub fn write(&self, out: &mut Exposition) {
        out.counter(
            "jagaloket_events_accepted_total",
            "Events accepted into the ledger.",
            &self.events_accepted,
        );
        out.counter(
            "jagaloket_events_duplicate_total",
            "Events whose identity and body were known; they changed nothing.",
            &self.events_duplicate,
        );
        out.head(
            "jagaloket_events_quarantined_total",
            "counter",
            "Messages put in quarantine, by reason.",
        );
        for (code, counter) in Rejected::CODES.iter().zip(&self.events_quarantined) {
            out.sample(
                "jagaloket_events_quarantined_total",
                &[("reason", code)],
                counter.count() as f64,
            );
        }
        out.counter(
            "jagaloket_received_bytes_total",
            "Bytes of message bodies received.",
            &self.received_bytes,
        );
        out.gauge(
            "jagaloket_events_waiting",
            "Messages received and not judged yet.",
            self.waiting_events.value() as f64,
        );
        out.head(
            "jagaloket_verdict_steps_total",
            "counter",
            "Decisions about verdicts, by class and step.",
        );
        for (class, steps) in CLASSES.iter().zip(&self.verdict_steps) {
            for (step, counter) in STEPS.iter().zip(steps) {
                let labels = [("class", class.as_str()), ("step", step.as_str())];
                out.sample("jagaloket_verdict_steps_total", &labels, counter.count() as f64);
            }
        }
        out.counter(
            "jagaloket_told_nobody_total",
            "Times an incident was to be told and the roster names nobody who may be told of it.",
            &self.told_nobody,
        );
        out.counter(
            "jagaloket_broker_connections_total",
            "Times the broker was connected to.",
            &self.broker_connections,
        );
        out.counter(
            "jagaloket_broker_sessions_lost_total",
            "Times the broker had lost our session, and with it what it held for us.",
            &self.broker_sessions_lost,
        );
        out.counter(
            "jagaloket_letters_sent_total",
            "Letters the mail server accepted.",
            &self.letters_sent,
        );
        out.counter(
            "jagaloket_letter_failures_total",
            "Attempts to send a letter that failed.",
            &self.letter_failures,
        );
        out.counter("jagaloket_letters_dead_total", "Letters given up.", &self.letters_dead);
        out.counter(
            "jagaloket_http_responses_total",
            "Answers given over HTTP.",
            &self.pages_served,
        );
        out.counter(
            "jagaloket_http_errors_total",
            "Answers over HTTP with a status of 500 or more.",
            &self.pages_failed,
        );
        out.counter(
            "jagaloket_activations_total",
            "Times other rosters or policies came into force while running.",
            &self.activations,
        );
        out.counter(
            "jagaloket_activations_refused_total",
            "Times rosters or policies were refused because of their faults.",
            &self.activations_refused,
        );
        out.head(
            "jagaloket_retention_removed_total",
            "counter",
            "What was let go because it was kept long enough, by kind.",
        );
        for (kind, count) in self.gone() {
            out.sample("jagaloket_retention_removed_total", &[("kind", kind)], count as f64);
        }
        out.gauge(
            "jagaloket_retention_last_run_seconds",
            "When the last run of retention was finished, in seconds since 1970; 0: never.",
            self.retention_last_ms.value() as f64 / 1_000.0,
        );
        out.gauge(
            "jagaloket_ledger_verified_seconds",
            "When the whole ledger was last verified by the monitor, in seconds since 1970; 0: never.",
            self.ledger_verified_ms.value() as f64 / 1_000.0,
        );
        out.gauge(
            "jagaloket_ledger_broken_entry",
            "The entry at which the ledger was then found not to be whole; 0: it was whole.",
            self.ledger_broken_at.value() as f64,
        );
        out.histogram(
            "jagaloket_event_commit_seconds",
            "From a message's receipt to the commit of what it decided.",
            &self.commit_seconds,
        );
        out.histogram(
            "jagaloket_verdict_mail_seconds",
            "From the moment a verdict opened to the acceptance of its first letter by the mail server.",
            &self.mail_seconds,
        );
        out.histogram(
            "jagaloket_canary_seconds",
            "From the canary's event to the acceptance of its letter by the mail server.",
            &self.canary_seconds,
        );
        out.gauge(
            "jagaloket_canary_failed",
            "How often in a row the canary's letter was not accepted in time.",
            self.canary_failed.value() as f64,
        );
    }
}

/// Prometheus' text exposition format, version 0.0.4.
#[derive(Default)]
pub struct Exposition(String);

impl Exposition {
    pub fn into_text(self) -> String {
        self.0
    }

    pub fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, "gauge", help);
        self.sample(name, &[], value);
    }

    pub fn counter(&mut self, name: &str, help: &str, counter: &Counter) {
        self.head(name, "counter", help);
        self.sample(name, &[], counter.count() as f64);
    }

    pub fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.0
            .extend(["# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n"]);
    }

    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (n, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            self.0.push(if n == 0 { '{' } else { ',' });
            self.0.extend([label, "=\"", text.as_str(), "\""]);
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, " {value}");
    }

    fn histogram<const N: usize>(&mut self, name: &str, help: &str, histogram: &Histogram<N>) {
        self.head(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (bound, count) in histogram.bounds.iter().zip(&histogram.buckets) {
            below += count.load(Relaxed);
            self.sample(&bucket, &[("le", &bound.to_string())], below as f64);
        }
        below += histogram.longer.load(Relaxed);
        self.sample(&bucket, &[("le", "+Inf")], below as f64);
        let sum = histogram.sum_us.load(Relaxed) as f64 / 1e6;
        self.sample(&format!("{name}_sum"), &[], sum);
        self.sample(&format!("{name}_count"), &[], below as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_bound_that_so_many_did_not_exceed() {
        let histogram = Histogram::new([0.1, 1.0]);
        assert_eq!(histogram.quantile(0.5), None);
        for ms in [50, 60, 500, 5_000] {
            histogram.observe(Duration::from_millis(ms));
        }
        for (share, bound) in [(0.5, 0.1), (0.75, 1.0), (0.99, f64::INFINITY)] {
            assert_eq!(histogram.quantile(share), Some(bound), "{share}");
        }
    }

    #[test]
    fn a_histogram_counts_each_observation_once_and_its_buckets_add_up() {
        let metrics = Metrics::default();
        metrics.commit_seconds.observe(Duration::from_millis(1));
        metrics.commit_seconds.observe(Duration::from_millis(30));
        metrics.commit_seconds.observe(Duration::from_secs(60));
        metrics.quarantined("not_json");
        metrics.quarantined("never heard of");
        metrics.decided(Class::Technical, StepKind::Amended);
        let mut out = Exposition::default();
        metrics.write(&mut out);
        let text = out.into_text();
        for line in [
            "jagaloket_event_commit_seconds_bucket{le=\"0.001\"} 1",
            "jagaloket_event_commit_seconds_bucket{le=\"0.025\"} 1",
            "jagaloket_event_commit_seconds_bucket{le=\"0.05\"} 2",
            "jagaloket_event_commit_seconds_bucket{le=\"10\"} 2",
            "jagaloket_event_commit_seconds_bucket{le=\"+Inf\"} 3",
            "jagaloket_event_commit_seconds_sum 60.031",
            "jagaloket_event_commit_seconds_count 3",
            "jagaloket_events_quarantined_total{reason=\"not_json\"} 1",
            "jagaloket_events_quarantined_total{reason=\"wrong_type\"} 0",
            "jagaloket_verdict_steps_total{class=\"technical\",step=\"amended\"} 1",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_label_cannot_break_out_of_its_line() {
        let mut out = Exposition::default();
        out.sample("x", &[("a", "one\"two\\three\nfour")], 1.5);
        assert_eq!(out.into_text(), "x{a=\"one\\\"two\\\\three\\nfour\"} 1.5\n");
    }
}
