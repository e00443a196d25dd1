//! Lengths of time as people write them.

use jiff::SignedDuration;
use tls_stall::Span;

/// Reads a length such as `200ms`, `1.5s` or `2m`, as it stands in a file or on a command line.
///
/// # Errors
///
/// If it has no unit, is not longer than nothing, or is longer than a [`Span`] can be; in words that
/// read well after the text and a colon.
pub fn parse_length(text: &str) -> Result<Span, &'static str> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|_| "not a length of time such as 200ms, 1.5s or 2m")?;
    let nanos = i64::try_from(duration.as_nanos()).map_err(|_| "too long")?;
    if nanos <= 0 {
        return Err("must be longer than nothing");
    }
    Ok(Span::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_a_unit_and_is_longer_than_nothing() {
        assert_eq!(parse_length("1s"), Ok(Span::from_secs(1)));
        assert_eq!(parse_length("200ms"), Ok(Span::from_millis(200)));
        assert_eq!(parse_length("1.5s"), Ok(Span::from_millis(1500)));
        assert_eq!(parse_length("2m"), Ok(Span::from_secs(120)));
        for text in [
            "",
            "1",
            "s",
            "0s",
            "-1s",
            "1x",
            "1e9",
            "999999999999h",
            "300y",
        ] {
            assert!(parse_length(text).is_err(), "{text}");
        }
    }
}
