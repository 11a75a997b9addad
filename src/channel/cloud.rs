//! WhatsApp's Cloud API: one request a message. What its errors mean is its public documentation's.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::tls::TlsConfig;

use super::{Outcome, Outgoing};
use crate::booking::message::Template;
use crate::tls;

const ATTEMPT: Duration = Duration::from_secs(20);
/// What a limit asks for where the answer does not say how long.
const LIMITED_MS: i64 = 60_000;

#[derive(Clone)]
pub struct Cloud {
    /// `https://graph.facebook.com/v23.0`
    pub url: String,
    /// Of the one number that writes.
    pub phone_number_id: String,
    pub token: String,
    /// A PEM file of who may have signed the server's certificate; `None`: the public authorities.
    pub ca_file: Option<std::path::PathBuf>,
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud(…)")
    }
}

impl Cloud {
    pub(super) fn send(&self, outgoing: &Outgoing) -> Outcome {
        let later = |why: String| Outcome::Later { why, wait_ms: None };
        let roots = match tls::trust(self.ca_file.as_deref()) {
            Ok(roots) => roots,
            Err(fault) => return later(fault.to_string()),
        };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ATTEMPT))
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(roots).build());
        let sent = ureq::Agent::new_with_config(config.build())
            .post(format!("{}/{}/messages", self.url, self.phone_number_id))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .send(body(outgoing).to_string());
        match sent {
            Ok(mut answer) => {
                let status = answer.status().as_u16();
                let retry_after = answer.headers().get("retry-after");
                let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
                match answer.body_mut().read_to_string() {
                    Ok(text) => read(status, retry_after, &text),
                    Err(_) if status < 300 => Outcome::Unsure("its answer broke off".to_owned()),
                    Err(_) => later(format!("it answers {status}")),
                }
            }
            Err(error) => match error {
                // Nothing was said to anybody yet.
                ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::Tls(_) => {
                    later(without_numbers(&error.to_string()))
                }
                ureq::Error::Io(ref io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
                    later("it refuses connections".to_owned())
                }
                other => Outcome::Unsure(without_numbers(&other.to_string())),
            },
        }
    }
}

/// The request, as the documentation has it. Our key comes back with every status.
fn body(outgoing: &Outgoing) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": outgoing.to.trim_start_matches('+'),
        "biz_opaque_callback_data": outgoing.key,
    });
    if outgoing.template == Template::Reply {
        body["type"] = json!("text");
        body["text"] = json!({ "preview_url": false, "body": outgoing.words.as_deref().unwrap_or_default() });
    } else {
        let texts = outgoing.parameters.iter();
        let parameters: Vec<Value> = texts.map(|text| json!({ "type": "text", "text": text })).collect();
        body["type"] = json!("template");
        body["template"] = json!({
            "name": outgoing.template.name(),
            "language": { "code": outgoing.tongue.as_str() },
            "components": [{ "type": "body", "parameters": parameters }],
        });
    }
    body
}

/// What an answer means.
fn read(status: u16, retry_after_s: Option<i64>, text: &str) -> Outcome {
    let answer: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return match answer["messages"][0]["id"].as_str() {
            Some(wamid) => Outcome::Taken(wamid.to_owned()),
            None => Outcome::Unsure("its answer names no message".to_owned()),
        };
    }
    let number = answer["error"]["code"].as_i64().unwrap_or(-1);
    let why = format!("it answers {status}, code {number}");
    let limited = retry_after_s.map_or(LIMITED_MS, |s| s.clamp(1, 3_600) * 1_000);
    match (status, number) {
        // Limits of the application, of the account, of the pair.
        (429, _) | (_, 4 | 80_007 | 130_429 | 131_048 | 131_056) => Outcome::Later {
            why,
            wait_ms: Some(limited),
        },
        // The token is over or has too few rights: nothing goes out until somebody sees to it.
        (401 | 403, _) | (_, 0 | 3 | 10 | 190 | 200..=299) => Outcome::Later {
            why,
            wait_ms: Some(10 * 60_000),
        },
        // Not on WhatsApp, no conversation open, a template that is missing, paused, rejected or does not fit.
        (
            _,
            100 | 131_008 | 131_009 | 131_021 | 131_026 | 131_030 | 131_047 | 131_049 | 131_051 | 132_000..=132_099,
        ) => Outcome::NotOver(why),
        _ => Outcome::Later { why, wait_ms: None },
    }
}

/// An error may repeat what was sent.
fn without_numbers(text: &str) -> String {
    let hidden = text.chars().map(|c| if c.is_ascii_digit() { '#' } else { c });
    hidden.take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_of_the_documentation_has_its_meaning() {
        let error = |code: i64| format!("{{\"error\":{{\"code\":{code},\"message\":\"(#{code}) …\"}}}}");
        let waits = |outcome: Outcome| match outcome {
            Outcome::Later { wait_ms, .. } => wait_ms,
            other => panic!("{other:?}"),
        };
        let taken = read(200, None, "{\"messages\":[{\"id\":\"wamid.1\"}]}");
        assert_eq!(taken, Outcome::Taken("wamid.1".into()));
        assert!(matches!(read(200, None, "{"), Outcome::Unsure(_)));
        assert_eq!(waits(read(429, Some(7), &error(130_429))), Some(7_000));
        assert_eq!(waits(read(400, None, &error(80_007))), Some(LIMITED_MS));
        assert_eq!(waits(read(401, None, &error(190))), Some(600_000));
        for code in [131_026, 131_047, 132_001, 132_012, 132_015] {
            assert!(matches!(read(400, None, &error(code)), Outcome::NotOver(_)), "{code}");
        }
        let others = [
            (500, error(131_000)),
            (503, "<html>".to_owned()),
            (400, error(131_016)),
            (500, String::new()),
        ];
        for (status, text) in others {
            assert_eq!(waits(read(status, None, &text)), None, "{status} {text}");
        }
    }
}
