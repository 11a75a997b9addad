//! What applicants are written, in their language; what they answer, and what that asks for. No name, no identity number:
//! only the code, times in the office's zone, and who is never to be paid.

use chrono_tz::Tz;

use crate::engine::time::Moment;
use crate::engine::visit::Tongue;

/// A message that has the channel's leave to begin a conversation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Template {
    /// The booking and what to bring.
    Booked,
    /// The passport can be collected.
    Ready,
    /// Whether anybody asked for money.
    Asked,
    /// An answer, within a day of what it answers.
    Reply,
}

impl Template {
    pub const ALL: [Template; 4] = [Template::Booked, Template::Ready, Template::Asked, Template::Reply];

    pub fn as_str(self) -> &'static str {
        match self {
            Template::Booked => "booked",
            Template::Ready => "ready",
            Template::Asked => "asked",
            Template::Reply => "reply",
        }
    }

    pub fn parse(text: &str) -> Option<Template> {
        Template::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// Its name where it was approved.
    pub fn name(self) -> String {
        format!("jagaloket_{}_v1", self.as_str())
    }

    /// The text as it is handed in for approval; `{{1}}` and so on are the parameters.
    pub fn text(self, tongue: Tongue) -> &'static str {
        match (self, tongue) {
            (Template::Booked, Tongue::Id) => {
                "Booking Anda di {{2}}: kode {{1}}, datang {{3}}. Bawa dokumen asli dan tunjukkan kode ini di gerbang. \
                 Petugas tidak menerima uang dan tidak menghubungi dari nomor lain. Balas LAPOR bila ada yang meminta."
            }
            (Template::Booked, Tongue::En) => {
                "Your booking at {{2}}: code {{1}}, arrive {{3}}. Bring your original documents and show this code at the \
                 gate. No officer takes money or writes from another number. Reply LAPOR to report one who does."
            }
            (Template::Ready, Tongue::Id) => {
                "Paspor untuk kode {{1}} dapat diambil di {{2}} sampai {{3}}. Bawa tanda terima. \
                 Pengambilan tidak dipungut biaya. Balas LAPOR bila ada yang meminta uang."
            }
            (Template::Ready, Tongue::En) => {
                "The passport for code {{1}} can be collected at {{2}} until {{3}}. Bring the receipt. \
                 Collection costs nothing. Reply LAPOR if anybody asks for money."
            }
            (Template::Asked, Tongue::Id) => {
                "Terima kasih atas kunjungan Anda di {{2}} (kode {{1}}). Apakah ada yang meminta uang atau menghubungi Anda \
                 lewat cara lain? Balas LAPOR lalu ceritakan. Identitas Anda dirahasiakan."
            }
            (Template::Asked, Tongue::En) => {
                "Thank you for your visit to {{2}} (code {{1}}). Did anybody ask you for money or contact you another way? \
                 Reply LAPOR and tell us. Your identity is kept secret."
            }
            (Template::Reply, _) => "{{1}}",
        }
    }

    /// With its parameters in their places.
    pub fn filled(self, tongue: Tongue, parameters: &[String]) -> String {
        let mut text = self.text(tongue).to_owned();
        for (n, parameter) in (1..).zip(parameters) {
            text = text.replace(&format!("{{{{{n}}}}}"), parameter);
        }
        text
    }
}

/// What a message says of a booking.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// As people read it.
    pub code: String,
    pub office: String,
    pub from: Moment,
    pub until: Moment,
    pub ready_until: Option<Moment>,
}

/// `24-11-2026 09:00 WIB`: the zone is written, the month is a number in both languages.
fn written(at: Moment, zone: Tz) -> String {
    let zone_name = match at.local(zone).format("%z").to_string().as_str() {
        "+0700" => "WIB".to_owned(),
        "+0800" => "WITA".to_owned(),
        "+0900" => "WIT".to_owned(),
        other => other.to_owned(),
    };
    format!("{} {zone_name}", at.local(zone).format("%d-%m-%Y %H:%M"))
}

/// The parameters of a template, in their order.
pub fn parameters(template: Template, facts: &Facts, zone: Tz) -> Vec<String> {
    let (code, office) = (facts.code.clone(), facts.office.clone());
    match template {
        Template::Booked => vec![code, office, written(facts.from, zone)],
        Template::Ready => vec![code, office, written(facts.ready_until.unwrap_or(facts.until), zone)],
        Template::Asked => vec![code, office],
        Template::Reply => Vec::new(),
    }
}

/// What somebody wrote asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    Status,
    Fee,
    /// What is reported, if it is told at once.
    Report(String),
    /// For the desk.
    Words(String),
}

impl Said {
    /// The first word decides, however it is written.
    pub fn parse(text: &str) -> Said {
        let text = text.trim();
        let (first, rest) = text.split_once(|c: char| !c.is_alphanumeric()).unwrap_or((text, ""));
        match first.to_uppercase().as_str() {
            "STATUS" => Said::Status,
            "BIAYA" | "FEE" | "FEES" => Said::Fee,
            "LAPOR" | "REPORT" => Said::Report(rest.trim().to_owned()),
            _ => Said::Words(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_has_all_its_parameters_filled_and_fits_what_is_approved() {
        let facts = Facts {
            code: "7F3K-9QWX".into(),
            office: "Kanim Kota".into(),
            from: Moment(1_795_399_200_000),
            until: Moment(1_795_401_000_000),
            ready_until: None,
        };
        for template in Template::ALL {
            for tongue in [Tongue::Id, Tongue::En] {
                let parameters = parameters(template, &facts, Tz::Asia__Makassar);
                let text = template.filled(tongue, &parameters);
                assert!(template == Template::Reply || !text.contains("{{"), "{text}");
                assert!(text.len() <= 1_024 && template.name().len() <= 512, "{text}");
                assert!(template == Template::Reply || text.contains("7F3K-9QWX"), "{text}");
            }
        }
        assert_eq!(written(facts.from, Tz::Asia__Makassar), "23-11-2026 10:00 WITA");
    }

    #[test]
    fn the_first_word_says_what_is_asked() {
        for (text, said) in [
            ("STATUS", Said::Status),
            (" status ya?", Said::Status),
            ("Biaya", Said::Fee),
            ("LAPOR: diminta 500 ribu", Said::Report("diminta 500 ribu".into())),
            ("lapor", Said::Report(String::new())),
            ("laporan saya hilang", Said::Words("laporan saya hilang".into())),
            ("", Said::Words(String::new())),
        ] {
            assert_eq!(Said::parse(text), said, "{text}");
        }
    }
}
