//! Where a database is, as configuration and command line name it: a file, or a PostgreSQL server.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a database is. What is shown of it has no secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// SQLite.
    File(PathBuf),
    /// PostgreSQL.
    Server(Server),
}

/// A database of a PostgreSQL server.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Server {
    /// As it was written, checked. It may hold a password.
    url: String,
    pub password: Option<String>,
    /// PEM: who may have signed the server's certificate; `None`: the public authorities.
    pub ca: Option<PathBuf>,
}

/// What may stand behind the `?`, and what it is good for.
const PARAMETERS: [&str; 8] = [
    "host", "port", "user", "password", "dbname", "sslmode", "sslcert", "sslkey",
];

impl Place {
    /// `postgres://…` is a server, anything else a file.
    pub fn parse(text: &str) -> Result<Place, String> {
        if is_url(text) {
            return Server::parse(text).map(Place::Server);
        }
        // As other programs write addresses of files.
        let plain = ["sqlite://", "sqlite:"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        Ok(Place::File(PathBuf::from(plain.unwrap_or(text))))
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Place {
    fn from(path: &P) -> Place {
        Place::File(path.as_ref().to_path_buf())
    }
}

impl Server {
    /// Checks an address like `postgres://user@host:5432/database?sslmode=verify-full`. No answer repeats it, for it may
    /// hold a password.
    pub fn parse(url: &str) -> Result<Server, String> {
        if !is_url(url) {
            return Err("is an address like postgres://user@host/database".to_owned());
        }
        let server = Server {
            url: url.to_owned(),
            password: None,
            ca: None,
        };
        for (key, value) in server.parameters() {
            match (key, value) {
                ("sslmode", "disable" | "require" | "verify-ca" | "verify-full") => {}
                ("sslmode", "allow" | "prefer") => {
                    let why = "has an sslmode that goes without encryption where the server has none: say verify-full, or \
                               disable to say that everything may be read on the way";
                    return Err(why.to_owned());
                }
                ("sslmode", _) => {
                    return Err("knows the sslmodes disable, require, verify-ca and verify-full".to_owned());
                }
                (key, _) if PARAMETERS.contains(&key) => {}
                // The key alone: what follows may be a misspelt password.
                (key, _) => {
                    return Err(format!(
                        "has no parameter \"{key}\"; there are {}",
                        PARAMETERS.join(", ")
                    ));
                }
            }
        }
        Ok(server)
    }

    /// The whole address, for the one who connects.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn has_password(&self) -> bool {
        let (_, authority, _) = self.parts();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        user.contains(':') || self.parameters().any(|(key, _)| key == "password")
    }

    /// Whether the address says itself how the way to the server is secured.
    pub fn says_sslmode(&self) -> bool {
        self.parameters().any(|(key, _)| key == "sslmode")
    }

    /// Scheme, authority, and the path without its parameters.
    fn parts(&self) -> (&str, &str, &str) {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("", &self.url));
        let rest = rest.split('?').next().unwrap_or("");
        match rest.find('/') {
            Some(at) => (scheme, &rest[..at], &rest[at..]),
            None => (scheme, rest, ""),
        }
    }

    fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => path.display().fmt(f),
            Place::Server(server) => server.fmt(f),
        }
    }
}

/// The address without password and parameters.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, authority, path) = self.parts();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let user = user.split(':').next().unwrap_or("");
        let at = if user.is_empty() { "" } else { "@" };
        write!(f, "{scheme}://{user}{at}{host}{path}")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shown_of_an_address_is_a_secret() {
        for (url, shown) in [
            (
                "postgres://jaga:s3cret@db.example:5433/jaga",
                "postgres://jaga@db.example:5433/jaga",
            ),
            (
                "postgresql://jaga:a@s3cret@db/jaga?sslmode=disable",
                "postgresql://jaga@db/jaga",
            ),
            (
                "postgres:///jaga?host=/run/postgresql&password=s3cret",
                "postgres:///jaga",
            ),
            ("postgres://db", "postgres://db"),
        ] {
            let place = Place::parse(url).unwrap();
            assert_eq!(place.to_string(), shown);
            assert!(!format!("{place:?}").contains("s3cret"));
            let Place::Server(server) = place else { panic!() };
            assert_eq!(server.has_password(), url.contains("s3cret"), "{url}");
        }
    }

    #[test]
    fn an_address_that_means_nothing_is_refused_without_repeating_what_may_be_a_secret() {
        for url in [
            "postgres://db/jaga?sslmode=prefer",
            "postgres://db/jaga?sslmode=s3cret",
            "postgres://db/jaga?pasword=s3cret",
        ] {
            let refused = Place::parse(url).unwrap_err();
            assert!(!refused.contains("s3cret"), "{refused}");
        }
        assert_eq!(Place::parse("sqlite:///var/j.db"), Ok(Place::File("/var/j.db".into())));
        assert_eq!(Place::parse("j.db"), Ok(Place::File("j.db".into())));
        assert!(Server::parse("mysql://db").is_err());
    }
}
