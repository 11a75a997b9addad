//! Exemptions: asked by one, granted by another, never without an end.

use super::exemption::ExemptionWish;
use super::*;

const DAY: i64 = 1_440;

impl Table {
    fn exempt(&mut self, who: &str, wish: &ExemptionWish, at: Moment) -> Result<i64, Refusal> {
        let who = Actor::in_roster(who, &self.roster).unwrap();
        let step = self
            .cases
            .ask_exemption(&who, wish, "menunggu kabar rumah sakit", &self.roster, &self.terms, at)?;
        let n = step.request;
        self.take(Record::Exemption(step));
        Ok(n)
    }
}

fn ask(officer: &str, from: i64, until: i64) -> ExemptionWish {
    ExemptionWish::Ask {
        officer: officer.into(),
        from: minutes(from),
        until: minutes(until),
    }
}

#[test]
fn who_asks_does_not_grant_nor_does_the_officer_or_who_reports_to_him() {
    let mut table = Table::new();
    assert_eq!(table.exempt("s-01", &ask("p-001", 60, 120), minutes(0)), Ok(1));
    let grant = ExemptionWish::Grant { request: 1 };
    for (who, why) in [
        ("s-01", Refusal::AskedHimself),
        ("p-001", Refusal::Own),
        ("s-05", Refusal::NotInLine),
        ("t-01", Refusal::ForIntegrity),
    ] {
        assert_eq!(table.exempt(who, &grant, minutes(1)), Err(why), "{who}");
    }
    assert_eq!(table.exempt("s-02", &grant, minutes(2)), Ok(1));
    assert_eq!(table.exempt("i-01", &grant, minutes(3)), Err(Refusal::Answered));
    assert_eq!(
        table.exempt("s-05", &ExemptionWish::Revoke { request: 1 }, minutes(4)),
        Err(Refusal::NotInLine)
    );
    assert_eq!(
        table.exempt("s-01", &ExemptionWish::Revoke { request: 1 }, minutes(4)),
        Ok(1)
    );
    table.folds();
    // s-04 is p-004: whoever reports to him grants him nothing.
    assert_eq!(table.exempt("s-04", &ask("p-004", 60, 120), minutes(5)), Ok(2));
    let grant = ExemptionWish::Grant { request: 2 };
    assert_eq!(table.exempt("p-003", &grant, minutes(6)), Err(Refusal::OfSuperior));
    assert_eq!(table.exempt("p-004", &grant, minutes(6)), Err(Refusal::AskedHimself));
    assert_eq!(table.exempt("s-01", &grant, minutes(6)), Ok(2));
}

#[test]
fn each_role_grants_so_much_and_no_more() {
    let mut table = Table::new();
    assert_eq!(
        table.exempt("p-001", &ask("p-001", 60, 60), minutes(0)),
        Err(Refusal::NoSpan)
    );
    let long = ask("p-001", 0, 31 * DAY);
    assert_eq!(
        table.exempt("p-001", &long, minutes(0)),
        Err(Refusal::TooLongAtOnce("30 days".into()))
    );
    assert_eq!(table.exempt("p-001", &ask("p-001", 0, 4 * DAY), minutes(0)), Ok(1));
    let grant = ExemptionWish::Grant { request: 1 };
    assert_eq!(
        table.exempt("s-01", &grant, minutes(1)),
        Err(Refusal::TooLongAtOnce("3 days".into()))
    );
    assert_eq!(table.exempt("i-01", &grant, minutes(1)), Ok(1));
    assert!(Terms::default().longest.of(Post::Supervisor) < Terms::default().longest.of(Post::Integrity));
}

#[test]
fn one_that_covers_the_past_is_counted_and_what_it_would_have_hidden_is_shown() {
    let mut table = Table::with("p-001", Severity::Major);
    table.open(
        2,
        Basis {
            policy: PolicyId::new("sign-in-outside-shift"),
            ..basis(Some("p-001"), Severity::Minor)
        },
        &["s-01"],
    );
    table.open(3, basis(Some("p-003"), Severity::Major), &["s-01"]);
    assert_eq!(table.exempt("p-001", &ask("p-001", -60, 60), minutes(30)), Ok(1));
    let request = &table.cases.requests[&1];
    let hidden: Vec<i64> = table
        .cases
        .would_have_hidden(request, |policy| policy == "phone-out-during-service")
        .map(|case| case.incident)
        .collect();
    assert_eq!((hidden, table.cases.backdated()), (vec![1], 0));
    table
        .exempt("s-02", &ExemptionWish::Grant { request: 1 }, minutes(31))
        .unwrap();
    assert_eq!(table.cases.backdated(), 1);
    table.folds();
}

#[test]
fn what_was_asked_in_another_office_bars_nobody_and_is_answered_there_alone() {
    let mut table = Table::with("p-001", Severity::Major);
    let other = OfficeId::new("elsewhere");
    let who = Actor::in_roster("s-01", &table.roster).unwrap();
    let wish = ask("p-001", 0, 120);
    let step = table
        .cases
        .ask_exemption(&who, &wish, "menunggu kabar", &table.roster, &table.terms, minutes(0));
    table.cases.take(&other, &Record::Exemption(step.unwrap()));
    // That s-01 is somebody else.
    table.does("s-01", super::acts::Wish::Ack, minutes(1));
    for wish in [
        ExemptionWish::Grant { request: 1 },
        ExemptionWish::Deny { request: 1 },
        ExemptionWish::Revoke { request: 1 },
    ] {
        assert_eq!(
            table.exempt("i-01", &wish, minutes(2)),
            Err(Refusal::NoRequest("1".into()))
        );
    }
    let hidden = table.cases.would_have_hidden(&table.cases.requests[&1], |_| true);
    assert_eq!(hidden.count(), 0);
}
