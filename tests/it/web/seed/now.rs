//! The office as it is at the end of the story.

use jagaloket::engine::event::DeviceId;
use jagaloket::engine::roster::Roster;
use jagaloket::engine::view::{CounterView, Custody, LockboxView, OfficeView, OfficerView, ServiceView};
use jagaloket::store::rows::DeviceStatus;

use super::at;
use super::cases::p;

pub fn statuses(roster: &Roster) -> Vec<DeviceStatus> {
    roster
        .device_ids()
        .filter(|id| id.as_str() != "loket-12")
        .map(|id| {
            let online = !matches!(id.as_str(), "loket-08" | "loker-b");
            let at = at(if online { "24 07:31:00" } else { "24 10:06:10" });
            DeviceStatus {
                office: roster.office.id.clone(),
                device: id.clone(),
                online,
                at,
            }
        })
        .collect()
}

pub fn view(roster: &Roster) -> OfficeView {
    let counter = |n: usize, device: &DeviceId| {
        let officer = p(&format!("p-{n:03}"));
        let session = |time: &str| Some((officer.clone(), at(time)));
        let service = |time: &str| {
            Some(ServiceView {
                since: at(time),
                booking: Some("CTH-7F3K9Q".into()),
            })
        };
        let empty = CounterView {
            counter: device.clone(),
            session: None,
            service: None,
            on_break: false,
            silent_since: None,
            last_event: Some(at("24 10:12:20").plus_ms(n as i64 * 1_700)),
            apps: Vec::new(),
            usb: Vec::new(),
        };
        match n {
            1 => CounterView {
                session: session("24 07:52:10"),
                service: service("24 10:05:12"),
                ..empty
            },
            2 => CounterView {
                session: session("24 07:54:40"),
                service: service("24 09:59:03"),
                ..empty
            },
            3 => CounterView {
                session: session("24 07:58:04"),
                service: service("24 09:58:31"),
                ..empty
            },
            4 => CounterView {
                session: session("24 07:49:00"),
                on_break: true,
                ..empty
            },
            5 => CounterView {
                session: session("24 07:56:18"),
                service: service("24 10:09:50"),
                apps: vec!["messaging".into()],
                ..empty
            },
            6 => CounterView {
                session: session("24 07:55:40"),
                usb: vec!["mtp".into()],
                ..empty
            },
            7 => CounterView {
                session: session("24 07:59:59"),
                ..empty
            },
            8 => CounterView {
                session: session("24 07:51:33"),
                service: service("24 10:01:15"),
                silent_since: Some(at("24 10:04:30")),
                last_event: Some(at("24 10:04:30")),
                ..empty
            },
            9 => CounterView {
                session: session("24 07:57:21"),
                service: service("24 10:01:00"),
                ..empty
            },
            10 => CounterView {
                session: session("24 08:00:44"),
                service: service("24 10:11:58"),
                ..empty
            },
            11 => CounterView {
                service: service("24 10:12:05"),
                ..empty
            },
            _ => CounterView {
                last_event: None,
                ..empty
            },
        }
    };
    let officers = roster.officers.iter().enumerate().map(|(place, officer)| OfficerView {
        officer: officer.id.clone(),
        shift: place + 1 != 7,
        custody: match place + 1 {
            3 => Custody::Out,
            9 => Custody::Unknown,
            10 => Custody::NoneDeclared,
            7 => Custody::Exempt,
            12.. => Custody::Out,
            _ => Custody::In,
        },
        lockbox: officer.lockbox.clone(),
    });
    OfficeView {
        office: roster.office.id.clone(),
        clock: Some(at("24 10:12:40")),
        emergency: false,
        counters: roster
            .counters
            .iter()
            .enumerate()
            .map(|(place, device)| counter(place + 1, &device.id))
            .collect(),
        lockboxes: vec![
            LockboxView {
                lockbox: roster.lockboxes[0].id.clone(),
                silent_since: None,
                last_event: Some(at("24 10:12:31")),
            },
            LockboxView {
                lockbox: roster.lockboxes[1].id.clone(),
                silent_since: Some(at("24 10:06:02")),
                last_event: Some(at("24 10:06:02")),
            },
        ],
        officers: officers.collect(),
    }
}
