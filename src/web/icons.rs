//! Signs beside words: each has a shape of its own, so that nobody needs to tell colours apart.

use maud::{Markup, PreEscaped, html};

use crate::engine::policy::Class;
use crate::engine::view::Custody;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Icon {
    Indication,
    Unverifiable,
    Technical,
    PhoneIn,
    PhoneOut,
    PhoneUnknown,
    PhoneNone,
    Exempt,
    Serving,
    Ready,
    Break,
    Unattended,
    Silent,
    Mail,
    Usb,
    App,
    Alarm,
}

impl Icon {
    pub fn of_class(class: Class) -> Icon {
        match class {
            Class::Indication => Icon::Indication,
            Class::Unverifiable => Icon::Unverifiable,
            Class::Technical => Icon::Technical,
        }
    }

    pub fn of_custody(custody: Custody) -> Icon {
        match custody {
            Custody::In => Icon::PhoneIn,
            Custody::Out => Icon::PhoneOut,
            Custody::Unknown => Icon::PhoneUnknown,
            Custody::NoneDeclared => Icon::PhoneNone,
            Custody::Exempt => Icon::Exempt,
        }
    }

    /// Drawn on 16 by 16 in the colour of the text, lines 1.5 wide.
    fn paths(self) -> &'static str {
        match self {
            Icon::Indication => r#"<path d="M8 2 14.5 13.5h-13Z"/><path d="M8 6.5v3.2M8 11.6v.1"/>"#,
            Icon::Unverifiable => {
                r#"<path d="M8 1.5 14.5 8 8 14.5 1.5 8Z"/><path d="M6.4 6.6a1.6 1.6 0 1 1 2.3 1.5c-.5.3-.7.6-.7 1M8 11v.1"/>"#
            }
            Icon::Technical => {
                r#"<rect x="2" y="2.5" width="12" height="8.5" rx="1"/><path d="M6 14h4M8 11v3M6 5.2l3.6 3.2M9.6 5.2 6 8.4"/>"#
            }
            Icon::PhoneIn => {
                r#"<rect x="1.8" y="1.8" width="12.4" height="12.4" rx="1.5"/><path d="m5 8.2 2.2 2.2L11.2 6"/>"#
            }
            Icon::PhoneOut => {
                r#"<rect x="5" y="1.5" width="6" height="13" rx="1.3"/><path d="M7.4 12.2h1.2M2.5 5v6M13.5 5v6"/>"#
            }
            Icon::PhoneUnknown => {
                r#"<rect x="4" y="1.5" width="8" height="13" rx="1.3"/><path d="M6.6 6.2a1.4 1.4 0 1 1 2 1.4c-.4.2-.6.5-.6.9M8 10.6v.1"/>"#
            }
            Icon::PhoneNone => r#"<rect x="4.5" y="1.5" width="7" height="13" rx="1.3"/><path d="M2 14 14 2"/>"#,
            Icon::Exempt => {
                r#"<path d="M8 1.5 13.5 4v4c0 3.4-2.4 5.6-5.5 6.5C4.9 13.6 2.5 11.4 2.5 8V4Z"/><path d="M5.5 8h5"/>"#
            }
            Icon::Serving => {
                r#"<circle cx="5" cy="5" r="2.2"/><circle cx="11" cy="5" r="2.2"/><path d="M1.5 13.5c0-2.8 1.5-4.3 3.5-4.3s3.5 1.5 3.5 4.3M8.7 10.2c.6-.7 1.4-1 2.3-1 2 0 3.5 1.5 3.5 4.3"/>"#
            }
            Icon::Ready => r#"<circle cx="8" cy="5" r="2.6"/><path d="M3 14c0-3 2-4.8 5-4.8s5 1.8 5 4.8"/>"#,
            Icon::Break => {
                r#"<path d="M3 6h8v4.5A3.5 3.5 0 0 1 7.5 14h-1A3.5 3.5 0 0 1 3 10.5ZM11 7h1a2 2 0 0 1 0 4h-1.2M5.5 1.8v1.8M8.5 1.8v1.8"/>"#
            }
            Icon::Unattended => r#"<circle cx="8" cy="8" r="6" stroke-dasharray="2.4 2.2"/>"#,
            Icon::Silent => {
                r#"<path d="M1.5 6.2a10 10 0 0 1 13 0M4 9a6.3 6.3 0 0 1 8 0M8 12.6v.1"/><path d="M2.5 14 13.5 2"/>"#
            }
            Icon::Mail => r#"<rect x="1.5" y="3" width="13" height="10" rx="1.2"/><path d="m2 4 6 5 6-5"/>"#,
            Icon::Usb => {
                r#"<path d="M8 14V3M8 3 6.4 5M8 3l1.6 2M8 11 4.2 9.2V7M8 9.4l3.8-1.6V5.6"/><circle cx="8" cy="13.6" r="1"/>"#
            }
            Icon::App => r#"<path d="M2 3h12v8H8l-3.2 2.8V11H2Z"/><path d="M5 6h6M5 8.4h4"/>"#,
            Icon::Alarm => r#"<path d="M8 2v1.5M3.5 13.5h9M4.5 13.5V8a3.5 3.5 0 0 1 7 0v5.5M2 5l1.2.8M14 5l-1.2.8"/>"#,
        }
    }
}

/// A sign beside its word; screen readers have the word.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false" {
            (PreEscaped(icon.paths()))
        }
    }
}
