//! Base64 as addresses and tokens have it: without padding, and read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The ordinary kind, with padding.
pub fn standard(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// `None`: it is not what `encode` writes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("\u{3ff}\u{3ff}", "z7_Pvw"),
        ] {
            assert_eq!(encode(text.as_bytes()), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(text.as_bytes()));
        }
        for wrong in ["Z", "Zg==", "Zh", "Zm9v\n", "Zm+v", "Zm9vY"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
        assert_eq!(standard(b"fo"), "Zm8=");
    }
}
