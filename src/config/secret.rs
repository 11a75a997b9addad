//! Secrets: where they may come from, and a value that is never shown.

use std::fmt;

use super::Login;
use super::read::Section;

/// A password or the like. Its only way out is `reveal`; neither a log nor an error can print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The value itself, for the moment it is handed over.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Section<'_> {
    /// `user` with its password. `sealed`: what is sent cannot be read on the way.
    pub fn login(&mut self, sealed: bool) -> Option<Login> {
        let user = self.text("user");
        let password = self.password();
        match (user, password) {
            (Some(user), Some(password)) => {
                if !sealed {
                    self.fault(
                        "user",
                        "user and password would cross the network readable by everybody: turn on TLS",
                    );
                }
                Some(Login { user, password })
            }
            (Some(_), None) => {
                if !["password", "password_file", "password_env"]
                    .iter()
                    .any(|key| self.has(key))
                {
                    self.fault(
                        "user",
                        "`user` needs a password: name `password_file` or `password_env`",
                    );
                }
                None
            }
            (None, Some(_)) => {
                let key = if self.has("password_file") {
                    "password_file"
                } else {
                    "password_env"
                };
                self.wrong(key, "needs a `user`");
                None
            }
            (None, None) => None,
        }
    }

    /// From a file or the environment, never from the configuration itself.
    pub fn password(&mut self) -> Option<Secret> {
        let file = self.path("password_file");
        let variable = self.text("password_env");
        if self.value("password").is_some() {
            let why = "does not belong in this file, which is copied, backed up and shown: put it into a file of its \
                       own that only this program may read, and name it in `password_file`, or into an environment \
                       variable named in `password_env`";
            self.wrong("password", why);
        }
        match (file, variable) {
            (Some(_), Some(_)) => {
                self.wrong("password_env", "and `password_file` exclude each other");
                None
            }
            (Some(file), None) => match std::fs::read_to_string(&file) {
                Ok(text) => self.secret(
                    "password_file",
                    text.trim_end_matches(['\r', '\n']),
                    "the file is empty",
                ),
                Err(error) => {
                    self.wrong(
                        "password_file",
                        &format!("cannot be read: {error} ({})", file.display()),
                    );
                    None
                }
            },
            (None, Some(variable)) => match self.variable(&variable) {
                Some(text) => self.secret("password_env", &text, "the variable is empty"),
                None => {
                    self.wrong(
                        "password_env",
                        &format!("names the environment variable {variable}, which is not set"),
                    );
                    None
                }
            },
            (None, None) => None,
        }
    }

    fn secret(&mut self, key: &str, text: &str, empty: &str) -> Option<Secret> {
        if text.is_empty() {
            self.wrong(key, &format!("gives no password: {empty}"));
            return None;
        }
        Some(Secret::new(text))
    }
}
