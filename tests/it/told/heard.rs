//! An officer is heard at the running server: his own page, a statement, an appeal to somebody who did not decide, a request
//! for correction; and what others try there.

use super::cheats::House;
use super::*;
use crate::support::{Answer, Browser};

struct Desk {
    house: House,
}

impl Desk {
    fn browser(&self, who: &str) -> Browser {
        let mut browser = Browser::new(self.house.web);
        let session = self.house.keys[who].0.clone();
        browser.cookies.insert("jagaloket_session".into(), session);
        browser
    }

    /// Fills in a form of the page `from`, which must offer it.
    fn says(&self, who: &str, from: &str, to: &str, words: &str) -> Answer {
        let mut browser = self.browser(who);
        let page = browser.get(from);
        assert_eq!(page.status, 200, "{from} as {who}: {}", page.head);
        assert!(
            page.body.contains(&format!("action=\"{to}\"")) || page.body.contains(&format!("formaction=\"{to}\"")),
            "{to} is not offered to {who} at {from}"
        );
        let seen = page
            .body
            .split("name=\"seen\" value=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let mut fields = vec![
            ("form", page.proof()),
            ("reason", words),
            ("about", "giliran 24 November"),
        ];
        fields.extend(seen.map(|seen| ("seen", seen)));
        browser.post(to, &fields)
    }

    /// Sends the same with a good proof, whether it is offered or not.
    fn tries(&self, who: &str, to: &str, fields: &[(&str, &str)]) -> Answer {
        self.browser(who).submit("/account", to, fields)
    }

    fn shows(&self, who: &str, path: &str) -> String {
        self.browser(who).get(path).body
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_states_appeals_and_is_answered_and_nobody_does_it_for_him() {
    let (house, [own, _, foreign]) = House::new().await;
    let desk = Desk { house };
    let (case, state) = (format!("/me/incidents/{own}"), format!("/me/incidents/{own}/state"));
    crate::support::wait_until(Duration::from_secs(60), "the dashboard", || {
        Browser::new(desk.house.web).get("/healthz").status == 200
    });
    assert!(desk.shows("p-1", "/me").contains(&case));
    // Two statements, each a step; a form that is sent again after somebody else's step does nothing.
    assert_eq!(desk.says("p-1", &case, &state, "ponsel ada di loker lain").status, 303);
    assert_eq!(desk.says("p-1", &case, &state, "lihat juga buku loker").status, 303);
    let page = desk.shows("p-1", &case);
    assert!(page.contains("ponsel ada di loker lain") && page.contains("lihat juga buku loker"));
    assert_eq!(
        desk.tries("p-1", &state, &[("reason", "sekali lagi"), ("seen", "1")])
            .status,
        409
    );
    assert_eq!(desk.tries("p-1", &state, &[("reason", " ")]).status, 422);
    // Nobody does it for him, nor he for another.
    for who in ["p-2", "s-1", "i-1", "admin", "double"] {
        assert_eq!(
            desk.tries(who, &state, &[("reason", "atas namanya")]).status,
            404,
            "{who}"
        );
    }
    let other = format!("/me/incidents/{foreign}/state");
    assert_eq!(desk.tries("p-1", &other, &[("reason", "atas namanya")]).status, 404);
    let appeal = format!("/me/incidents/{own}/appeal");
    assert_eq!(
        desk.tries("p-1", &appeal, &[("reason", "belum diputuskan")]).status,
        409
    );

    desk.house.done(&format!("incident find {own} --as s-1"));
    assert!(desk.shows("p-1", &case).contains("keberatan sampai"));
    assert_eq!(desk.says("p-1", &case, &appeal, "saya tidak di loket").status, 303);
    assert_eq!(desk.tries("p-1", &appeal, &[("reason", "sekali lagi")]).status, 409);
    desk.house.refused(
        &format!("incident grant {own} --as s-1"),
        403,
        "cannot review his own decision",
    );
    desk.house.done(&format!("incident grant {own} --as i-1"));
    let page = desk.shows("p-1", &case);
    assert!(page.contains("Dikesampingkan"), "the finding is taken back");
    assert!(
        !page.contains(&format!("action=\"{appeal}\"")),
        "there is nothing left to appeal against"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_asked_for_on_his_page_and_answered_on_the_teams_desk() {
    let (house, _) = House::new().await;
    let desk = Desk { house };
    crate::support::wait_until(Duration::from_secs(60), "the dashboard", || {
        Browser::new(desk.house.web).get("/healthz").status == 200
    });
    assert_eq!(
        desk.says("p-1", "/me", "/me/corrections", "saya cuti hari itu").status,
        303
    );
    let page = desk.shows("p-1", "/me");
    assert!(page.contains("saya cuti hari itu") && page.contains("Dijawab paling lambat"));
    assert_eq!(
        desk.tries("p-1", "/me/corrections", &[("reason", "x y z")]).status,
        422,
        "no record is named"
    );
    // Who may not answer.
    let accept = "/corrections/1/accept";
    for (who, status) in [
        ("p-1", 403),
        ("s-1", 403),
        ("admin", 403),
        ("double", 403),
        ("climber", 403),
    ] {
        assert_eq!(desk.tries(who, accept, &[("reason", "benar")]).status, status, "{who}");
    }
    desk.house
        .refused("correction accept 1 --as s-1", 403, "integrity team");
    desk.house.refused("correction accept 1 --as p-1", 403, "about himself");
    assert_eq!(
        desk.says("i-1", "/corrections", accept, "roster diperbaiki").status,
        303
    );
    assert_eq!(
        desk.tries("i-1", "/corrections/1/decline", &[("reason", "ternyata tidak")])
            .status,
        409
    );
    assert_eq!(
        desk.tries("i-1", "/corrections/7/decline", &[("reason", "ternyata tidak")])
            .status,
        404
    );
    let page = desk.shows("p-1", "/me");
    assert!(page.contains("roster diperbaiki") && page.contains("Diterima"));
    assert!(desk.shows("i-1", "/corrections").contains("roster diperbaiki"));
}
