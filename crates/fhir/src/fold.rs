//! Text folded for search, so that `munoz` finds `Muñoz`: lower case, no accents, spaces joined.
//!
//! It knows the letters of Latin-1 and Latin Extended-A and combining marks; other scripts keep their letters.

use compact_str::CompactString;

/// `text` without case and accents; runs of white space become one space, those at the ends go.
pub(crate) fn fold(text: &str) -> CompactString {
    let mut out = CompactString::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if word.is_ascii() {
            out.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            for letter in word.chars().flat_map(char::to_lowercase) {
                push_plain(letter, &mut out);
            }
        }
    }
    out
}

/// Appends a lower-case letter without its marks.
fn push_plain(letter: char, out: &mut CompactString) {
    match letter {
        // A combining mark adds nothing to the letter before it.
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}' => {}
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => out.push('a'),
        'æ' => out.push_str("ae"),
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => out.push('c'),
        'ď' | 'đ' | 'ð' => out.push('d'),
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => out.push('e'),
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => out.push('g'),
        'ĥ' | 'ħ' => out.push('h'),
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => out.push('i'),
        'ĳ' => out.push_str("ij"),
        'ĵ' => out.push('j'),
        'ķ' | 'ĸ' => out.push('k'),
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => out.push('l'),
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŉ' | 'ŋ' => out.push('n'),
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ǒ' => out.push('o'),
        'œ' => out.push_str("oe"),
        'ŕ' | 'ŗ' | 'ř' => out.push('r'),
        'ś' | 'ŝ' | 'ş' | 'š' | 'ſ' | 'ș' => out.push('s'),
        'ß' => out.push_str("ss"),
        'ţ' | 'ť' | 'ŧ' | 'ț' => out.push('t'),
        'þ' => out.push_str("th"),
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ǔ' => out.push('u'),
        'ŵ' => out.push('w'),
        'ý' | 'ÿ' | 'ŷ' => out.push('y'),
        'ź' | 'ż' | 'ž' => out.push('z'),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Smith",            "smith"),
            ("Muñoz",            "munoz"),
            ("Mun\u{303}oz",     "munoz"),
            ("ÅNGSTRÖM",         "angstrom"),
            ("Łukasz Żółć",      "lukasz zolc"),
            ("Groß",             "gross"),
            ("İstanbul",         "istanbul"),
            ("  Ann   Marie ",   "ann marie"),
            ("Ὀδυσσεύς",         "ὀδυσσεύς"),
            ("李",               "李"),
            ("",                 ""),
        ];
        for (text, expected) in cases {
            assert_eq!(fold(text), expected, "{text}");
        }
    }
}
