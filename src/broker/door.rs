//! Who may connect to the embedded broker, and what they may publish.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt5::broker::auth::{AuthProvider, AuthResult, PasswordAuthProvider};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use sha2::{Digest as _, Sha256};

use super::{Error, Settings};

/// A device that may connect, as the user `office/device`.
#[derive(Clone)]
pub struct Device {
    pub office: String,
    pub device: String,
    /// As it is, or as an Argon2 hash in PHC form (`$argon2id$…`).
    pub password: String,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({}/{})", self.office, self.device)
    }
}

/// Reads a password file: `office/device:password` a line; empty lines and those that begin with `#` do not count.
pub fn read_passwords(text: &str) -> Result<Vec<Device>, Error> {
    let mut devices: Vec<Device> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |reason| Error::Passwords {
            line: index + 1,
            reason,
        };
        let (user, password) = line.split_once(':').ok_or(wrong("no `:` between user and password"))?;
        let (office, device) = user.split_once('/').ok_or(wrong("the user is not `office/device`"))?;
        if [office, device]
            .iter()
            .any(|id| id.is_empty() || id.contains(['/', '+', '#']))
        {
            return Err(wrong("the user is not `office/device`"));
        }
        if password.is_empty() {
            return Err(wrong("the password is empty"));
        }
        if devices
            .iter()
            .any(|known| known.office == office && known.device == device)
        {
            return Err(wrong("the device is listed above already"));
        }
        devices.push(Device {
            office: office.to_owned(),
            device: device.to_owned(),
            password: password.to_owned(),
        });
    }
    Ok(devices)
}

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What kind of topic a device may publish to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
    Events,
    Status,
}

/// Takes a topic of the contract apart.
pub fn topic_parts(topic: &str) -> Option<(&str, &str, Leaf)> {
    let mut parts = topic.strip_prefix("jagaloket/v1/")?.split('/');
    let (office, device, leaf) = (parts.next()?, parts.next()?, parts.next()?);
    let leaf = match leaf {
        "events" => Leaf::Events,
        "status" => Leaf::Status,
        _ => return None,
    };
    (parts.next().is_none() && !office.is_empty() && !device.is_empty()).then_some((office, device, leaf))
}

/// A device publishes as itself; where everybody may come in without a name, the nameless as anybody.
pub fn may_publish(user: Option<&str>, anonymous: bool, (office, device, _): &(&str, &str, Leaf)) -> bool {
    match user {
        Some(user) => user.split_once('/') == Some((office, device)),
        None => anonymous,
    }
}

/// Decides who may connect and what they may do. Its users are `office/device`, or nobody where that is allowed.
pub struct Doorkeeper {
    secrets: HashMap<String, Secret>,
    anonymous: bool,
    owners: Owners,
}

/// Who is connected under which client id. A second connection under an id ends the first; without this a device
/// could keep another one off the line, and it would look like silence.
#[derive(Clone, Default)]
pub struct Owners(Arc<Mutex<ByClientId>>);

/// The user, or nobody, of each client id that is in use.
pub type ByClientId = HashMap<Arc<str>, Option<Arc<str>>>;

impl Owners {
    pub fn lock(&self) -> MutexGuard<'_, ByClientId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bar(&self, client_id: &str, user: Option<&str>) -> bool {
        self.lock().get(client_id).is_some_and(|owner| owner.as_deref() != user)
    }
}

enum Secret {
    /// Compared as a digest, which tells nothing by the time it takes.
    Digest([u8; 32]),
    Argon2(String),
}

impl Doorkeeper {
    pub fn new(settings: &Settings, owners: Owners) -> Result<Doorkeeper, Error> {
        let mut secrets = HashMap::new();
        for device in &settings.devices {
            let user = format!("{}/{}", device.office, device.device);
            let secret = if device.password.starts_with("$argon2") {
                Secret::Argon2(device.password.clone())
            } else {
                Secret::Digest(Sha256::digest(device.password.as_bytes()).into())
            };
            if secrets.insert(user.clone(), secret).is_some() {
                return Err(Error::Twice(user));
            }
        }
        Ok(Doorkeeper {
            secrets,
            anonymous: settings.anonymous,
            owners,
        })
    }

    async fn admits(&self, user: &str, password: &[u8]) -> bool {
        match self.secrets.get(user) {
            None => false,
            Some(Secret::Digest(digest)) => <[u8; 32]>::from(Sha256::digest(password)) == *digest,
            Some(Secret::Argon2(hash)) => {
                let (hash, password) = (hash.clone(), String::from_utf8_lossy(password).into_owned());
                // It takes tens of milliseconds by design.
                let verified =
                    tokio::task::spawn_blocking(move || PasswordAuthProvider::verify_password(&password, &hash));
                verified.await.unwrap_or(false)
            }
        }
    }
}

impl AuthProvider for Doorkeeper {
    fn authenticate<'a>(&'a self, connect: &'a ConnectPacket, _: SocketAddr) -> Answer<'a, mqtt5::Result<AuthResult>> {
        Box::pin(async move {
            let user = connect.username.as_deref();
            let admitted = match user {
                None => self.anonymous,
                Some(user) => self.admits(user, connect.password.as_deref().unwrap_or_default()).await,
            };
            let will = connect.will.as_ref().map(|will| will.topic.as_str());
            let own_will = will
                .is_none_or(|topic| topic_parts(topic).is_some_and(|parts| may_publish(user, self.anonymous, &parts)));
            let refusal = match user {
                _ if admitted && !own_will => ReasonCode::NotAuthorized,
                _ if admitted && self.owners.bar(&connect.client_id, user) => ReasonCode::ClientIdentifierNotValid,
                Some(user) if admitted => return Ok(AuthResult::success_with_user(user)),
                None if admitted => return Ok(AuthResult::success()),
                Some(_) => ReasonCode::BadUsernameOrPassword,
                None => ReasonCode::NotAuthorized,
            };
            tracing::warn!(reason = ?refusal, "a device was refused");
            Ok(AuthResult::fail(refusal))
        })
    }

    /// Everything comes to the hook, which knows the same user and lets the daemon keep what is refused. Told from here,
    /// the library would acknowledge it to MQTT 3.1.1 devices and throw it away.
    fn authorize_publish<'a>(&'a self, _: &str, _: Option<&'a str>, _: &'a str) -> Answer<'a, bool> {
        Box::pin(async { true })
    }

    fn authorize_subscribe<'a>(&'a self, _: &str, user: Option<&'a str>, filter: &'a str) -> Answer<'a, bool> {
        // A device has nothing to hear; what one officer's workstation reports is not for another's.
        let allowed = self.anonymous && user.is_none() && !filter.starts_with('$');
        Box::pin(async move { allowed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_names_a_device_a_line_and_says_where_it_is_wrong() {
        let devices = read_passwords("# devices\n\ntangerang/loket-01:s3:cret\ntangerang/lockbox-a:x\n").unwrap();
        assert_eq!(
            format!("{devices:?}"),
            "[Device(tangerang/loket-01), Device(tangerang/lockbox-a)]"
        );
        assert_eq!(devices[0].password, "s3:cret");
        for (text, expected) in [
            ("a/b:x\nno password", "line 2: no `:` between user and password"),
            ("loket-01:x", "line 1: the user is not `office/device`"),
            ("a/b/c:x", "line 1: the user is not `office/device`"),
            ("a/+:x", "line 1: the user is not `office/device`"),
            ("a/b:", "line 1: the password is empty"),
        ] {
            assert_eq!(read_passwords(text).unwrap_err().to_string(), expected);
        }
    }

    #[tokio::test]
    async fn a_device_publishes_to_its_own_two_topics_only() {
        let device = |device: &str| Device {
            office: "tangerang".into(),
            device: device.into(),
            password: "secret".into(),
        };
        let mut settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            tls: None,
            devices: vec![device("loket-01")],
            anonymous: false,
        };
        let doorkeeper = Doorkeeper::new(&settings, Owners::default()).unwrap();
        let user = Some("tangerang/loket-01");
        for (topic, allowed) in [
            ("jagaloket/v1/tangerang/loket-01/events", true),
            ("jagaloket/v1/tangerang/loket-01/status", true),
            ("jagaloket/v1/tangerang/loket-01/other", false),
            ("jagaloket/v1/tangerang/loket-01/events/more", false),
            ("jagaloket/v1/tangerang/loket-02/events", false),
            ("jagaloket/v1/bogor/loket-01/events", false),
            ("jagaloket/v2/tangerang/loket-01/events", false),
            ("events", false),
        ] {
            let may = |user, anonymous| topic_parts(topic).is_some_and(|parts| may_publish(user, anonymous, &parts));
            assert_eq!(may(user, false), allowed, "{topic}");
            assert!(!may(None, false), "nobody to {topic}");
        }
        assert!(!doorkeeper.authorize_subscribe("id", user, "jagaloket/#").await);
        assert!(doorkeeper.admits("tangerang/loket-01", b"secret").await);
        assert!(!doorkeeper.admits("tangerang/loket-01", b"Secret").await);
        assert!(!doorkeeper.admits("tangerang/loket-02", b"secret").await);
        settings.devices.push(device("loket-01"));
        assert!(Doorkeeper::new(&settings, Owners::default()).is_err());
    }
}
