//! Signing in by an OpenID provider: authorization code with PKCE. The provider says who somebody is and in which groups;
//! what he may see follows from the groups, as the configuration maps them, at each sign-in.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Asked, Caller, Came, Door, FRESH_MS, Result, Trace, Trouble};
use crate::accounts::base64url::{decode, encode};
use crate::accounts::codes::hex;
use crate::accounts::codes::percent;
use crate::accounts::{Grant, Holder, Role};
use crate::engine::event::OfficeId;
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::keys::{JsonKey, chance, is_same, is_signed_by, token};
use crate::store::accounts::{Account, Change, Expect, GrantRow};

/// How long somebody may take at the provider.
const AWAY_MS: i64 = 10 * 60_000;
/// Clocks differ by so much.
const SKEW_MS: i64 = 60_000;
/// What the provider says of itself is asked again after so long.
const KNOWN_MS: i64 = 60 * 60_000;
const ANSWER_TIME: Duration = Duration::from_secs(8);
const ANSWER_BYTES_MAX: u64 = 256 * 1024;
/// Where the provider sends people back to.
pub const BACK: &str = "/sign-in/provider/back";

/// A provider, as the configuration names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provider {
    pub issuer: String,
    pub client: String,
    pub secret: Option<String>,
    /// What the button says.
    pub name: String,
    /// The claim that holds the groups.
    pub groups: String,
    pub roles: Vec<Mapped>,
}

/// What members of a group are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mapped {
    pub group: String,
    pub role: Role,
    pub office: Option<OfficeId>,
}

/// What the provider said of itself last.
pub(super) type Known = Mutex<Option<(Moment, Metadata)>>;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// Where to send somebody, and what his browser keeps meanwhile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Going {
    pub address: String,
    pub kept: String,
}

/// What a browser brings back from the provider.
#[derive(Clone, Copy, Debug)]
pub struct Back<'a> {
    pub kept: &'a str,
    pub state: &'a str,
    pub code: &'a str,
    /// Who says that he is the issuer (RFC 9207); empty where nobody says so.
    pub issuer: &'a str,
}

#[derive(serde::Serialize, Deserialize)]
struct Away {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    until_ms: i64,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Door {
    /// Prepares for a way to the provider. `anew`: he is to prove there once more who he is.
    pub async fn go_to_provider(&self, next: &str, anew: bool) -> Result<Going> {
        let provider = self.provider.as_ref().ok_or(Trouble::Link)?;
        let metadata = self.metadata(provider).await?;
        let verifier = encode(&chance::<32>());
        let away = Away {
            state: token(),
            nonce: token(),
            next: next.to_owned(),
            until_ms: self.now().plus_ms(AWAY_MS).0,
            verifier,
        };
        let mut asked = vec![
            ("response_type", "code".to_owned()),
            ("client_id", provider.client.clone()),
            ("redirect_uri", self.back_address()),
            ("scope", format!("openid profile email {}", provider.groups)),
            ("state", away.state.clone()),
            ("nonce", away.nonce.clone()),
            ("code_challenge", encode(&Sha256::digest(&away.verifier))),
            ("code_challenge_method", "S256".to_owned()),
        ];
        if anew {
            asked.extend([("prompt", "login".to_owned()), ("max_age", "0".to_owned())]);
        }
        let mark = if metadata.authorization_endpoint.contains('?') {
            '&'
        } else {
            '?'
        };
        let pairs: Vec<String> = asked
            .iter()
            .map(|(key, value)| format!("{key}={}", percent(value)))
            .collect();
        let kept = serde_json::to_vec(&away).map_err(|_| Trouble::Wrong)?;
        Ok(Going {
            address: format!("{}{mark}{}", metadata.authorization_endpoint, pairs.join("&")),
            kept: hex(&self.keys.seal("provider", &kept)),
        })
    }

    fn back_address(&self) -> String {
        format!("{}{BACK}", self.base_url)
    }

    /// Lets somebody in who comes back from the provider; answers where he was going.
    pub async fn came_back(&self, back: Back<'_>, before: Option<&str>, caller: &Caller) -> Result<(Came, String)> {
        let came = async {
            let (claims, away) = self.vouched(back).await?;
            Ok((self.welcome(&claims, before, caller).await?, away.next))
        };
        let came = came.await;
        if let Err(Trouble::Wrong | Trouble::Link | Trouble::Refused(_)) = came {
            self.refused(None, caller, "provider", BACK).await?;
        }
        came
    }

    /// What the provider says of somebody, with every check.
    async fn vouched(&self, back: Back<'_>) -> Result<(Value, Away)> {
        let provider = self.provider.as_ref().ok_or(Trouble::Link)?;
        let kept = super::own::unhex(back.kept).and_then(|kept| self.keys.unseal("provider", &kept));
        let away: Away = kept
            .and_then(|kept| serde_json::from_slice(&kept).ok())
            .ok_or(Trouble::Wrong)?;
        let (now, until) = (self.now(), Moment(away.until_ms));
        let metadata = self.metadata(provider).await?;
        // Another provider's answer under this one's state is a mix-up.
        let mixed_up = !back.issuer.is_empty() && back.issuer != metadata.issuer;
        if mixed_up
            || now >= until
            || !is_same(back.state, &away.state)
            || !self.first_answer(away.state.as_bytes(), until)
        {
            return Err(Trouble::Wrong);
        }
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", back.code.to_owned()),
            ("redirect_uri", self.back_address()),
            ("code_verifier", away.verifier.clone()),
        ];
        let mut basic = None;
        match &provider.secret {
            Some(secret) => {
                let both = format!("{}:{}", percent(&provider.client), percent(secret));
                basic = Some(format!(
                    "Basic {}",
                    crate::accounts::base64url::standard(both.as_bytes())
                ));
            }
            None => form.push(("client_id", provider.client.clone())),
        }
        let tokens = ask(metadata.token_endpoint.clone(), Some((form, basic))).await?;
        let tokens: Tokens = serde_json::from_str(&tokens).map_err(|_| Trouble::Wrong)?;
        let claims = self.claims(provider, &metadata, &tokens.id_token).await?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default();
        let for_us = match &claims["aud"] {
            Value::String(one) => *one == provider.client,
            Value::Array(many) => {
                many.iter().any(|one| *one == provider.client.as_str())
                    && (many.len() == 1 || text("azp") == provider.client)
            }
            _ => false,
        };
        let ends = Moment(claims["exp"].as_i64().unwrap_or(0).saturating_mul(1_000));
        let good = for_us
            && text("iss") == provider.issuer
            && is_same(text("nonce"), &away.nonce)
            && now < ends.plus_ms(SKEW_MS)
            && !text("sub").is_empty();
        match good {
            true => Ok((claims, away)),
            false => Err(Trouble::Wrong),
        }
    }

    /// The claims of a token that one of the provider's keys has signed.
    async fn claims(&self, provider: &Provider, metadata: &Metadata, token: &str) -> Result<Value> {
        debug_assert_eq!(provider.issuer, metadata.issuer);
        let (signed, signature) = token.rsplit_once('.').ok_or(Trouble::Wrong)?;
        let (header, body) = signed.split_once('.').ok_or(Trouble::Wrong)?;
        let read = |part: &str| decode(part).ok_or(Trouble::Wrong);
        let header: Header = serde_json::from_slice(&read(header)?).map_err(|_| Trouble::Wrong)?;
        let set = ask(metadata.jwks_uri.clone(), None).await?;
        let set: KeySet = serde_json::from_str(&set).map_err(|_| Trouble::Wrong)?;
        let fits = |key: &&Value| match &header.kid {
            Some(kid) => key["kid"] == kid.as_str(),
            None => set.keys.len() == 1,
        };
        let part = |key: &Value, name: &str| key[name].as_str().and_then(decode).unwrap_or_default();
        let good = set.keys.iter().filter(fits).any(|key| {
            // The algorithm is one of ours, never whatever the token names.
            let json_key = match (header.alg.as_str(), key["kty"].as_str()) {
                ("RS256", Some("RSA")) => JsonKey::Rsa {
                    n: part(key, "n"),
                    e: part(key, "e"),
                },
                ("ES256", Some("EC")) if key["crv"] == "P-256" => JsonKey::P256 {
                    x: part(key, "x"),
                    y: part(key, "y"),
                },
                _ => return false,
            };
            is_signed_by(&json_key, signed.as_bytes(), &decode(signature).unwrap_or_default())
        });
        match good {
            true => serde_json::from_slice(&read(body)?).map_err(|_| Trouble::Wrong),
            false => Err(Trouble::Wrong),
        }
    }

    async fn metadata(&self, provider: &Provider) -> Result<Metadata> {
        let now = self.now();
        let lock = || self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((at, metadata)) = &*lock()
            && now.ms_since(*at) < KNOWN_MS
        {
            return Ok(metadata.clone());
        }
        let text = ask(format!("{}/.well-known/openid-configuration", provider.issuer), None).await?;
        let metadata: Metadata = serde_json::from_str(&text).map_err(|_| Trouble::Away)?;
        if metadata.issuer != provider.issuer {
            tracing::error!("the OpenID provider calls itself otherwise than `web.oidc.issuer`");
            return Err(Trouble::Away);
        }
        *lock() = Some((now, metadata.clone()));
        Ok(metadata)
    }

    /// The account of somebody the provider vouches for, with the roles of his groups; made where there is none.
    async fn welcome(&self, claims: &Value, before: Option<&str>, caller: &Caller) -> Result<Came> {
        let provider = self.provider.as_ref().ok_or(Trouble::Link)?;
        let now = self.now();
        let subject = format!("{} {}", provider.issuer, claims["sub"].as_str().unwrap_or_default());
        let groups: BTreeSet<&str> = match &claims[provider.groups.as_str()] {
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            Value::String(one) => BTreeSet::from([one.as_str()]),
            _ => BTreeSet::new(),
        };
        let mapped: Vec<&Mapped> = provider
            .roles
            .iter()
            .filter(|mapped| groups.contains(mapped.group.as_str()))
            .collect();
        let found = self.store.account_of_subject(&subject).await?;
        let is_new = found.is_none();
        let account = match found {
            Some(account) if account.disabled => return Err(Trouble::Wrong),
            Some(account) => account,
            // Whoever is in none of the groups has nothing to do here.
            None if mapped.is_empty() => return Err(Trouble::Wrong),
            None => Account {
                id: uuid::Uuid::now_v7().to_string(),
                name: format!("sso.{}", &self.keys.sign(&format!("name {subject}"))[..12]),
                holder: Holder::default(),
                email: None,
                language: Language::Id,
                password: None,
                seed: None,
                recovery: Vec::new(),
                subject: Some(subject),
                disabled: false,
                erased: false,
                version: 0,
                created: now,
                changed: now,
            },
        };
        let had = self.store.grants_of(&account.id).await?;
        let mut changes = Vec::new();
        let mut traces = Vec::new();
        let trace = |act: &str, role: Role| {
            let trace = Trace::of_nobody(act, caller).with("actor", "provider");
            trace.with("account", &account.id).with("role", role.as_str())
        };
        let mut kept = BTreeSet::new();
        for mapped in mapped {
            let office = mapped.office.as_ref().map_or("", OfficeId::as_str);
            let of = format!("provider {} {} {office}", account.id, mapped.role.as_str());
            let id = format!("provider-{}", &self.keys.sign(&of)[..24]);
            if !kept.insert(id.clone()) || had.iter().any(|row| row.id == id && row.grant.counts_at(now)) {
                continue;
            }
            traces.push(trace("role_granted", mapped.role));
            changes.push(Change::Grant(GrantRow {
                id,
                account: account.id.clone(),
                grant: Grant {
                    role: mapped.role,
                    office: mapped.office.clone(),
                    deputy_of: None,
                    begins: now,
                    ends: None,
                },
                granted: now,
            }));
        }
        // What a group gave ends with the group; what somebody here gave stays.
        let gone = had
            .into_iter()
            .filter(|row| row.id.starts_with("provider-") && !kept.contains(&row.id));
        for mut row in gone.filter(|row| row.grant.counts_at(now)) {
            traces.push(trace("role_ended", row.grant.role));
            row.grant.ends = Some(now);
            changes.push(Change::Grant(row));
        }
        if is_new || !changes.is_empty() {
            let expect = match is_new {
                true => Expect::NameFree(account.name.clone()),
                false => Expect::Version {
                    account: account.id.clone(),
                    version: account.version,
                },
            };
            if is_new {
                traces.insert(
                    0,
                    Trace::of_nobody("user_added", caller)
                        .with("actor", "provider")
                        .with("account", &account.id),
                );
                changes.insert(0, Change::Account(Box::new(account.clone())));
            } else {
                // With other rights every session begins anew.
                changes.push(Change::EndSessions {
                    account: account.id.clone(),
                    but: None,
                });
            }
            self.write(Asked {
                traces,
                changes,
                letters: Vec::new(),
                expects: vec![expect],
                account: Some(account.id.clone()),
            })
            .await?;
        }
        // When he proved who he is, the provider knows; where it does not say, it was not lately.
        let proved = claims["auth_time"]
            .as_i64()
            .map(|seconds| Moment(seconds.saturating_mul(1_000)));
        let proved = proved.unwrap_or(now.plus_ms(-FRESH_MS - 1)).min(now);
        let name = account.name.clone();
        let token = self.let_in(account, before, caller, None, proved).await?;
        Ok(self.came(token, &name, None))
    }
}

/// A form's fields, and who sends it.
type Form = (Vec<(&'static str, String)>, Option<String>);

/// Asks the provider, beside the threads that answer.
async fn ask(address: String, form: Option<Form>) -> Result<String> {
    let asked = tokio::task::spawn_blocking(move || -> std::result::Result<String, ureq::Error> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_TIME))
            .max_redirects(0);
        let agent = ureq::Agent::new_with_config(config.build());
        let mut response = match form {
            None => agent.get(&address).call()?,
            Some((form, basic)) => {
                let mut request = agent.post(&address);
                if let Some(basic) = basic {
                    request = request.header("authorization", basic);
                }
                request.send_form(form.iter().map(|(key, value)| (*key, value.as_str())))?
            }
        };
        response
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_string()
    });
    match asked.await {
        Ok(Ok(text)) => Ok(text),
        // It has answered, and said no.
        Ok(Err(ureq::Error::StatusCode(400 | 401))) => Err(Trouble::Wrong),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the OpenID provider does not answer");
            Err(Trouble::Away)
        }
        Err(_) => Err(Trouble::Away),
    }
}
