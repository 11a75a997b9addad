use jagaloket::engine::{Clock, Engine};
use jagaloket::wire;
use std::sync::Arc;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let roster = Arc::new(jagaloket::replay::read_roster(a[1].as_ref()).unwrap());
    let policies = Arc::new(jagaloket::replay::read_policies(a[2].as_ref()).unwrap());
    let mut e = Engine::new(roster.clone(), policies, Clock::Events);
    let mut seen = std::collections::HashSet::new();
    let step: usize = a[4].parse().unwrap();
    for (n, l) in std::fs::read_to_string(&a[3]).unwrap().lines().enumerate() {
        match wire::parse(None, l.as_bytes(), &roster, &wire::Limits::REPLAY) {
            Ok(ev) => {
                if seen.insert((ev.device.clone(), ev.id.clone())) {
                    e.insert(ev).unwrap();
                }
            }
            Err(r) => eprintln!("{n}: {}", r.reason),
        }
        if n % step == step - 1 {
            e.judge();
        }
    }
    e.judge();
    for v in e.verdicts() {
        println!("{}", serde_json::to_string(&v.line(roster.office.zone)).unwrap());
    }
}
