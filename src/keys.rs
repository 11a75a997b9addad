//! Secrets: chance, the key beside the database, sealed seeds, hashed passwords.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac as mac;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::accounts::codes::hex;
use crate::accounts::passkey::POINT;

const KEY_BYTES: usize = 32;
/// Memory and passes of one hash: what OWASP asks for at least, about 20 MiB.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Passwords hashed at the same time, and how many may wait for that: whoever floods the door gets no more of the machine.
const AT_ONCE: usize = 2;
const WAITING_MAX: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key beside the database, {file}, cannot be read or made")]
    File {
        file: String,
        #[source]
        error: std::io::Error,
    },
    #[error(
        "{0} does not hold a key of {KEY_BYTES} bytes: put the right file back; without it, one-time codes must be set up anew \
         (remove the file, and `jagaloket user reset` each account that had them)"
    )]
    Damaged(String),
}

/// Too many passwords wait to be hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy;

/// The key that seals seeds and signs what browsers keep. It stands beside the database and in no backup of it.
#[derive(Clone)]
pub struct Keys {
    seal: Arc<LessSafeKey>,
    sign: Arc<mac::Key>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// Reads the key, or makes one that nobody else may read.
    pub fn open(file: &Path) -> Result<Keys, KeyError> {
        let wrong = |error| KeyError::File {
            file: file.display().to_string(),
            error,
        };
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        match made {
            Ok(mut made) => {
                let key: [u8; KEY_BYTES] = chance();
                made.write_all(&key).and_then(|()| made.sync_all()).map_err(wrong)?;
                Ok(Keys::of(&key))
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let mut key = Vec::new();
                let opened = OpenOptions::new().read(true).open(file).map_err(wrong)?;
                opened.take(KEY_BYTES as u64 + 1).read_to_end(&mut key).map_err(wrong)?;
                let key: [u8; KEY_BYTES] = key
                    .try_into()
                    .map_err(|_| KeyError::Damaged(file.display().to_string()))?;
                Ok(Keys::of(&key))
            }
            Err(error) => Err(wrong(error)),
        }
    }

    /// For one process alone.
    pub fn passing() -> Keys {
        Keys::of(&chance())
    }

    fn of(key: &[u8; KEY_BYTES]) -> Keys {
        // Two keys of one, so that neither use says anything of the other.
        let root = mac::Key::new(mac::HMAC_SHA256, key);
        let seal = mac::sign(&root, b"jagaloket seal");
        let sign = mac::sign(&root, b"jagaloket sign");
        let seal = UnboundKey::new(&CHACHA20_POLY1305, seal.as_ref()).expect("SHA-256 is as long as this key");
        Keys {
            seal: Arc::new(LessSafeKey::new(seal)),
            sign: Arc::new(mac::Key::new(mac::HMAC_SHA256, sign.as_ref())),
        }
    }

    /// Seals a few bytes; they open only under the same words.
    pub fn seal(&self, about: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = chance();
        let mut sealed = plain.to_vec();
        let done = self.seal.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(about.as_bytes()),
            &mut sealed,
        );
        done.expect("a few bytes are not too many to seal");
        [&nonce[..], &sealed].concat()
    }

    /// `None`: sealed under another key or other words, or changed.
    pub fn unseal(&self, about: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut rest = rest.to_vec();
        let plain = self
            .seal
            .open_in_place(nonce, Aad::from(about.as_bytes()), &mut rest)
            .ok()?;
        Some(plain.to_vec())
    }

    /// A mark that only this key can make.
    pub fn sign(&self, text: &str) -> String {
        hex(mac::sign(&self.sign, text.as_bytes()).as_ref())
    }

    /// A number that says nothing of the text to whoever has not the key.
    pub fn number(&self, text: &str) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&mac::sign(&self.sign, text.as_bytes()).as_ref()[..8]);
        u64::from_be_bytes(first)
    }
}

/// Bytes that nobody can guess.
pub fn chance<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("a machine without chance cannot keep anybody out");
    bytes
}

/// Whether the holder of a passkey's other half has signed this.
pub fn is_signed(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let algorithm: &dyn VerificationAlgorithm = match key.first() {
        Some(&POINT) => &ECDSA_P256_SHA256_ASN1,
        _ => &RSA_PKCS1_2048_8192_SHA256,
    };
    UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .is_ok()
}

/// A key as providers publish theirs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JsonKey {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256 { x: Vec<u8>, y: Vec<u8> },
}

/// Whether the holder of its other half has signed this, as JSON Web Tokens are signed (RS256, ES256).
pub fn is_signed_by(key: &JsonKey, message: &[u8], signature: &[u8]) -> bool {
    match key {
        JsonKey::Rsa { n, e } => {
            let key = RsaPublicKeyComponents { n, e };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
        }
        JsonKey::P256 { x, y } => {
            let point = [&[POINT][..], x, y].concat();
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point);
            key.verify(message, signature).is_ok()
        }
    }
}

/// Whether a call is signed as `X-Hub-Signature-256` says it: `sha256=` and the HMAC over its bytes as they came.
pub fn is_hub_signed(secret: &str, body: &[u8], header: &str) -> bool {
    let Some(digits) = header.strip_prefix("sha256=") else {
        return false;
    };
    let signed = mac::sign(&mac::Key::new(mac::HMAC_SHA256, secret.as_bytes()), body);
    !secret.is_empty() && is_same(&hex(signed.as_ref()), &digits.to_ascii_lowercase())
}

/// 256 bits for a browser or a link to hold.
pub fn token() -> String {
    hex(&chance::<32>())
}

/// What is kept of it.
pub fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

/// Whether two texts are the same, in a time that says nothing of where they differ.
pub fn is_same(one: &str, other: &str) -> bool {
    let differs = one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(differs) == 0 && one.len() == other.len()
}

/// Hashes passwords beside the threads that answer, few at a time.
#[derive(Clone, Debug)]
pub struct Hasher {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Hasher {
        Hasher {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            queue: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }
}

/// What a password is held against where there is none, so that it takes as long.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hash(&token()));

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("these are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> String {
    let salt = SaltString::encode_b64(&chance::<16>()).expect("16 bytes are a salt");
    let hashed = argon2().hash_password(password.as_bytes(), &salt);
    hashed.expect("argon2 takes every password").to_string()
}

impl Hasher {
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        self.run(move || hash(&password)).await
    }

    /// Whether it is the password; where there is none, no password is, and it takes as long to say so.
    pub async fn is_password(&self, password: String, kept: Option<String>) -> Result<bool, Busy> {
        self.run(move || {
            let known = kept.is_some();
            let kept = kept.unwrap_or_else(|| NOBODYS.clone());
            let parsed = PasswordHash::new(&kept);
            let same = parsed.is_ok_and(|kept| argon2().verify_password(password.as_bytes(), &kept).is_ok());
            same && known
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let _queued = self.queue.clone().try_acquire_owned().map_err(|_| Busy)?;
        let place = self.places.clone().acquire_owned().await.map_err(|_| Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work ends, also where nobody waits for it any more.
            let _place = place;
            work()
        });
        done.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_is_made_once_for_the_owner_alone_and_a_damaged_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("j.key");
        let sealed = Keys::open(&file).unwrap().seal("p-1", b"seed");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Keys::open(&file).unwrap();
        assert_eq!(again.unseal("p-1", &sealed).unwrap(), b"seed");
        assert_eq!(again.unseal("p-2", &sealed), None, "another's");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(again.unseal("p-1", &changed), None);
        }
        assert_eq!(again.unseal("p-1", &sealed[..5]), None);
        std::fs::write(&file, "short").unwrap();
        assert!(
            Keys::open(&file)
                .unwrap_err()
                .to_string()
                .contains("does not hold a key")
        );
    }

    #[tokio::test]
    async fn passwords_are_hashed_with_a_bound() {
        let hasher = Hasher::default();
        let kept = hasher.hash("ombak tenang".into()).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(
            hasher
                .is_password("ombak tenang".into(), Some(kept.clone()))
                .await
                .unwrap()
        );
        assert!(!hasher.is_password("ombak".into(), Some(kept)).await.unwrap());
        assert!(!hasher.is_password("ombak".into(), None).await.unwrap());
        let all = (0..WAITING_MAX + 20).map(|_| hasher.is_password("x".into(), None));
        let answers = futures_util::future::join_all(all).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 20);
    }

    #[test]
    fn texts_are_the_same_or_not() {
        for (one, other, same) in [
            ("", "", true),
            ("ab", "ab", true),
            ("ab", "ac", false),
            ("ab", "abc", false),
        ] {
            assert_eq!(is_same(one, other), same);
        }
    }
}
