//! One letter of every kind, about nobody: for previews, and for the test that looks at all of them.

use maud::{DOCTYPE, PreEscaped, html};

use super::account::{self, Deed, Doer, Notice};
use super::correction::{self, Corrected};
use super::pattern::{self, Repeated};
use super::several::{self, Line, Occasion, Several};
use super::signal::Signal;
use super::summary::{self, Counted, Flights, Served, Summary};
use super::{Addressee, Change, Decided, EvidenceLine, House, Matter, Rendered, Stretch};
use crate::engine::event::{DeviceId, Kind, OfficerId};
use crate::engine::policy::{Class, Head, Per, Severity};
use crate::engine::roster::{Language, Roster};
use crate::engine::time::Moment;
use crate::store::rows::{IncidentRow, IncidentState, LetterKind, NewLetter};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Whoever a preview shows does not exist.
const PEOPLE: &str = r#"
[office]
id = "contoh"
name = "Contoh"
timezone = "Asia/Jakarta"
[[counter]]
id = "loket-00"
name = "Loket Contoh"
[[lockbox]]
id = "loker-contoh"
name = "Loker Contoh"
[[supervisor]]
id = "s-00"
name = "Nama Contoh"
email = "contoh@kantor.example"
[[integrity]]
id = "i-00"
name = "Nama Contoh"
email = "kepatuhan@kantor.example"
[[officer]]
id = "p-00"
name = "Petugas Contoh"
supervisor = "s-00"
"#;

/// A letter as its reader would get it.
pub struct Sample {
    /// Fit for the name of a file.
    pub name: String,
    pub language: Language,
    pub letter: Rendered,
}

/// Every kind of letter of an office, in its own wording and about its policies, in both languages.
pub fn samples(office: &Roster, policies: &[Head], house: &House, now: Moment) -> Vec<Sample> {
    let Ok(mut roster) = Roster::parse(PEOPLE) else {
        return Vec::new();
    };
    let (counters, lockboxes) = (office.counters.first().cloned(), office.lockboxes.first().cloned());
    roster.office = office.office.clone();
    roster.counters = vec![counters.unwrap_or_else(|| roster.counters[0].clone())];
    roster.lockboxes = vec![lockboxes.unwrap_or_else(|| roster.lockboxes[0].clone())];
    let of = |language| {
        let booth = Booth {
            roster: &roster,
            house,
            language,
            now,
        };
        booth.all(policies)
    };
    [Language::Id, Language::En].into_iter().flat_map(of).collect()
}

/// All samples in one page that needs nothing else.
pub fn page(samples: &[Sample]) -> String {
    html! {
        (DOCTYPE)
        html lang="id" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { "Pratinjau surat Jagaloket · Letters of Jagaloket" }
                style { (PreEscaped(
                    "body{font-family:sans-serif;margin:1.5em;color-scheme:light dark}h2{margin:2em 0 .3em;font-size:1.1em}\
                     .pair{display:flex;flex-wrap:wrap;gap:1em}iframe{width:640px;max-width:100%;height:640px;border:1px solid #888}\
                     pre{width:74ch;max-width:100%;max-height:640px;overflow:auto;border:1px solid #888;padding:.5em;margin:0}"
                )) }
            }
            body {
                h1 { "Pratinjau surat · Letters" }
                p { "Semua orang dan kejadian di sini rekaan. Nobody and nothing here is real." }
                @for sample in samples {
                    h2 { (sample.name) " · " (code(sample.language)) " · " (sample.letter.subject) }
                    div.pair {
                        iframe title=(sample.name) sandbox="" srcdoc=(sample.letter.html) {}
                        pre { (sample.letter.text) }
                    }
                }
            }
        }
    }
    .into_string()
}

pub fn code(language: Language) -> &'static str {
    match language {
        Language::Id => "id",
        Language::En => "en",
    }
}

struct Booth<'a> {
    roster: &'a Roster,
    house: &'a House,
    language: Language,
    now: Moment,
}

impl Booth<'_> {
    fn all(&self, policies: &[Head]) -> Vec<Sample> {
        let mut all = Vec::new();
        let mut add = |name: String, letter: Rendered| {
            all.push(Sample {
                name,
                language: self.language,
                letter,
            });
        };
        for head in policies.iter().filter(|head| head.enabled) {
            let letter = self.letter(head, LetterKind::Opened, &[Change::FirstVerdict]);
            add(format!("first-{}", head.id), letter);
        }
        let indication = |head: &&Head| head.class == Class::Indication && head.enabled;
        if let Some(head) = policies.iter().find(indication).or(policies.first()) {
            for (name, kind, change) in self.later() {
                add(name.to_owned(), self.letter(head, kind, &[change]));
            }
        }
        add("digest".into(), self.several(policies, Occasion::Digest(self.now)));
        add("known-late".into(), self.several(policies, Occasion::KnownLate));
        add("pattern".into(), self.pattern());
        add("summary-weekly".into(), self.summary(false));
        add("summary-monthly".into(), self.summary(true));
        add("correction-accepted".into(), self.correction(true));
        add("correction-declined".into(), self.correction(false));
        add("account-invitation".into(), self.account(true));
        add("account-password".into(), self.account(false));
        let integrity = ["Kepatuhan internal", "Integrity"];
        add("account-role-given".into(), self.notice(Deed::Given(integrity)));
        add("account-role-ended".into(), self.notice(Deed::Ended(integrity)));
        all
    }

    fn later(&self) -> Vec<(&'static str, LetterKind, Change)> {
        let since = self.now.plus_ms(-15 * MINUTE_MS);
        vec![
            ("amended", LetterKind::Amended, Change::IntervalCorrected),
            ("again", LetterKind::Amended, Change::FurtherVerdict),
            ("ended", LetterKind::Ended, Change::Over),
            ("withdrawn", LetterKind::Retracted, Change::AllWithdrawn),
            ("unanswered", LetterKind::Escalated, Change::Unanswered(since)),
            ("second-person", LetterKind::Escalated, Change::SecondNeeded),
            (
                "decided-finding",
                LetterKind::Outcome,
                Change::Decided(Decided::Finding),
            ),
            (
                "decided-dismissed",
                LetterKind::Outcome,
                Change::Decided(Decided::Dismissed),
            ),
            ("decided-proven", LetterKind::Outcome, Change::Decided(Decided::Proven)),
            (
                "decided-not-proven",
                LetterKind::Outcome,
                Change::Decided(Decided::NotProven),
            ),
            ("appeal-upheld", LetterKind::Outcome, Change::Decided(Decided::Upheld)),
            ("appeal-granted", LetterKind::Outcome, Change::Decided(Decided::Granted)),
        ]
    }

    fn counter(&self) -> DeviceId {
        self.roster.counters[0].id.clone()
    }

    fn incident(&self, n: i64, head: &Head, over: bool) -> IncidentRow {
        let since = self.now.plus_ms(-20 * MINUTE_MS);
        IncidentRow {
            n,
            office: self.roster.office.id.clone(),
            policy: head.id.clone(),
            class: head.class,
            severity: head.severity,
            counter: matches!(head.per, Per::Service | Per::Session | Per::Counter).then(|| self.counter()),
            lockbox: (head.per == Per::Lockbox).then(|| self.roster.lockboxes[0].id.clone()),
            officer: matches!(head.per, Per::Service | Per::Session | Per::Officer).then(|| OfficerId::new("p-00")),
            date: since.date(self.roster.office.zone).to_string(),
            since,
            until: over.then(|| self.now.plus_ms(-5 * MINUTE_MS)),
            state: if over {
                IncidentState::Ended
            } else {
                IncidentState::Open
            },
            created: since.plus_ms(MINUTE_MS),
            changed: self.now,
        }
    }

    fn evidence(&self, head: &Head) -> Vec<EvidenceLine> {
        let officer = OfficerId::new("p-00");
        let line = |minutes: i64, device: DeviceId, kind| EvidenceLine {
            at: self.now.plus_ms(-minutes * MINUTE_MS),
            device,
            kind,
        };
        let mut lines = vec![
            line(
                140,
                self.counter(),
                Kind::SignedIn {
                    officer: officer.clone(),
                },
            ),
            line(24, self.counter(), Kind::ServiceStarted { booking: None }),
        ];
        if head.condition.contains("custody") {
            let taken = Kind::Withdrawn {
                officer,
                slot: 7,
                handset: None,
                by: None,
            };
            lines.push(line(20, self.roster.lockboxes[0].id.clone(), taken));
        }
        lines
    }

    fn letter(&self, head: &Head, kind: LetterKind, changes: &[Change]) -> Rendered {
        let incident = self.incident(12, head, kind != LetterKind::Opened);
        let stretches = [Stretch {
            verdict: 1,
            since: incident.since,
            opened: incident.since.plus_ms(MINUTE_MS),
            until: incident.until,
            counter: incident.counter.clone(),
        }];
        super::render(&Matter {
            kind,
            changes,
            reason: None,
            incident: &incident,
            policy: head,
            roster: self.roster,
            stretches: &stretches,
            evidence: &self.evidence(head),
            to: self.to(0),
            house: self.house,
            now: self.now,
        })
    }

    /// The supervisor, or the one of the integrity team.
    fn to(&self, nth: usize) -> Addressee<'_> {
        Addressee {
            language: self.language,
            ..Addressee::of(&self.roster.people[nth])
        }
    }

    fn several(&self, policies: &[Head], occasion: Occasion) -> Rendered {
        let rows: Vec<IncidentRow> = policies
            .iter()
            .take(3)
            .zip(12..)
            .map(|(head, n)| self.incident(n, head, true))
            .collect();
        let late = occasion == Occasion::KnownLate;
        let lines: Vec<Line<'_>> = rows
            .iter()
            .enumerate()
            .map(|(ix, incident)| Line {
                incident,
                policy: policies.get(ix),
                first: late || ix < 2,
                stage: (!late && ix == 2).then_some("dismissed"),
            })
            .collect();
        several::render(&Several {
            occasion,
            to: self.to(0),
            roster: self.roster,
            house: self.house,
            lines: &lines,
        })
    }

    fn pattern(&self) -> Rendered {
        let mut to = self.roster.people[1].clone();
        to.language = self.language;
        pattern::render(&Repeated {
            to: &to,
            roster: self.roster,
            house: self.house,
            officer: "p-00",
            severity: Severity::Minor,
            incidents: &[12, 15, 21],
            now: self.now,
        })
    }

    fn summary(&self, monthly: bool) -> Rendered {
        let mut to = self.roster.people[1].clone();
        to.language = self.language;
        let days = if monthly { 30 } else { 7 };
        let date = |back: i64| self.now.plus_ms(-back * DAY_MS).date(self.roster.office.zone);
        let signals = [
            Signal::FastDismissals {
                person: "s-00".into(),
                fast: 6,
                dismissed: 9,
                within_ms: 2 * MINUTE_MS,
                days: 28,
            },
            Signal::QuietOffice {
                served_ms: 96 * HOUR_MS,
                known_percent: 41,
                days: 14,
            },
            Signal::SilentAfterSignIn {
                counter: self.counter(),
                after: 4,
                silences: 5,
                officers: 1,
                within_ms: 10 * MINUTE_MS,
                days: 28,
            },
        ];
        summary::render(&Summary {
            to: &to,
            roster: self.roster,
            house: self.house,
            monthly,
            days: [date(days), date(1)],
            counted: Counted {
                told: 24,
                indications: 19,
                findings: 4,
                proven: 1,
                dismissed: 9,
                mistaken: 3,
                withdrawn: 5,
                technical: 11,
                unverifiable: 6,
                answered: 17,
                answer_ms: Some(9 * MINUTE_MS + 20_000),
                open: 2,
                overdue: 1,
            },
            served: Served {
                served_ms: 212 * HOUR_MS,
                known_ms: 187 * HOUR_MS,
                verified_ms: 171 * HOUR_MS,
                exempt_ms: 4 * HOUR_MS,
            },
            flights: Some(Flights {
                flown: 28,
                taken: 28,
                median_ms: Some(2_100),
                slowest_ms: Some(8_400),
            }),
            signals: &signals,
        })
    }

    fn account(&self, invites: bool) -> Rendered {
        let letter = account::write(&account::Matter {
            account: "0",
            name: "nama.contoh",
            address: "contoh@kantor.example",
            language: self.language,
            link: &format!("{}/link/contoh", self.house.base_url.trim_end_matches('/')),
            invites,
            hours: if invites { 72 } else { 1 },
            message_id: String::new(),
        });
        rendered(letter)
    }

    fn notice(&self, deed: Deed) -> Rendered {
        rendered(account::notice(&Notice {
            to: "0",
            address: "kepatuhan@kantor.example",
            language: self.language,
            deed,
            of: "nama.contoh",
            office: Some(self.roster.office.id.as_str()),
            by: Doer::Account("pengelola.contoh"),
            traces: true,
            link: &format!("{}/traces", self.house.base_url.trim_end_matches('/')),
            message_id: String::new(),
        }))
    }

    fn correction(&self, accepted: bool) -> Rendered {
        let (about, wanted, said) = match self.language {
            Language::Id => (
                "jam masuk",
                "Saya masuk pukul 08.00.",
                "Diperiksa dengan catatan loket.",
            ),
            Language::En => (
                "time of sign-in",
                "I signed in at 08:00.",
                "Checked against the counter's record.",
            ),
        };
        correction::render(&Corrected {
            name: self.roster.people.first().map(|person| person.name.as_str()),
            n: 4,
            about,
            wanted,
            accepted,
            said,
            at: self.now,
            language: self.language,
            roster: self.roster,
            house: self.house,
        })
    }
}

fn rendered(letter: NewLetter) -> Rendered {
    Rendered {
        subject: letter.subject,
        text: letter.text_body,
        html: letter.html_body,
    }
}
