//! Which form of a Binary a client wants, and which of its types a browser may show.

use http::HeaderValue;

use crate::fhir::negotiate::{is_fhir_json, is_json, is_refused, media_type};

/// The form that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The resource: it was asked for by its own media type.
    Resource,
    /// The bytes, if they are of one of these ranges.
    Bytes(Vec<String>),
}

impl Wanted {
    /// What `Accept` says, or `_format`, which wins.
    ///
    /// The resource is for those who ask for it by name; whoever takes anything gets the bytes.
    pub(super) fn read<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>, format: Option<&str>) -> Self {
        if let Some(format) = format {
            let format = media_type(format).replace(' ', "+");
            let named = format == "json" || is_json(&format);
            return if named { Self::Resource } else { Self::Bytes(vec![format]) };
        }
        let mut ranges = Vec::new();
        for range in
            accept.into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','))
        {
            let media = media_type(range);
            if media.is_empty() || is_refused(range) {
                continue;
            }
            if is_fhir_json(&media) {
                return Self::Resource;
            }
            ranges.push(media);
        }
        if ranges.is_empty() {
            ranges.push("*/*".to_owned());
        }
        Self::Bytes(ranges)
    }

    /// Whether bytes of this type are acceptable.
    pub(super) fn takes(&self, kind: &str) -> bool {
        let kind = media_type(kind);
        let of = |range: &str| match range.strip_suffix("/*") {
            Some("*") => true,
            Some(group) => kind.split('/').next() == Some(group),
            None => range == kind,
        };
        matches!(self, Self::Bytes(ranges) if ranges.iter().any(|range| of(range)))
    }

    /// Whether JSON is acceptable, which the resource is.
    pub(super) fn takes_json(&self) -> bool {
        matches!(self, Self::Bytes(ranges) if ranges.iter().any(|range| is_json(range)))
    }
}

/// Whether a browser may show bytes of this type in its window: what holds no script.
pub(super) fn is_shown(kind: &str) -> bool {
    let kind = media_type(kind);
    let group = kind.split('/').next().unwrap_or_default();
    matches!(group, "audio" | "video")
        || matches!(
            kind.as_str(),
            "image/png"
                | "image/jpeg"
                | "image/gif"
                | "image/webp"
                | "image/bmp"
                | "application/pdf"
                | "text/plain"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&[&str], Option<&str>, &str, &str); 12] = [
         // accept                                     _format          content type         form
            (&[],                                      None,            "image/png",         "bytes"),
            (&["*/*"],                                 None,            "image/png",         "bytes"),
            (&["text/html, image/*;q=0.8"],            None,            "image/png",         "bytes"),
            (&["image/png"],                           None,            "Image/PNG; x=y",    "bytes"),
            (&["image/jpeg"],                          None,            "image/png",         "neither"),
            (&["image/png;q=0"],                       None,            "image/png",         "bytes"),
            (&["application/fhir+json"],               None,            "image/png",         "resource"),
            (&["*/*;q=0.1, application/fhir+json"],    None,            "image/png",         "resource"),
            (&["application/json"],                    None,            "image/png",         "json"),
            (&["application/json"],                    None,            "application/json",  "bytes"),
            (&["image/png"],                           Some("json"),    "image/png",         "resource"),
            (&["image/png"],                           Some("xml"),     "image/png",         "neither"),
        ];
        for (accept, format, kind, expected) in cases {
            let accept: Vec<_> = accept.iter().map(|text| HeaderValue::from_static(text)).collect();
            let wanted = Wanted::read(&accept, format);
            let found = match (&wanted, wanted.takes(kind), wanted.takes_json()) {
                (Wanted::Resource, ..) => "resource",
                (_, true, _) => "bytes",
                (_, false, true) => "json",
                (_, false, false) => "neither",
            };
            assert_eq!(found, expected, "{accept:?} {format:?} {kind}");
        }
    }

    #[test]
    fn what_holds_scripts_is_not_shown() {
        for kind in
            ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "", "application/x-pdf"]
        {
            assert!(!is_shown(kind), "{kind}");
        }
        assert!(
            is_shown("application/pdf") && is_shown("Text/Plain; charset=latin1") && is_shown("audio/ogg")
        );
    }
}
