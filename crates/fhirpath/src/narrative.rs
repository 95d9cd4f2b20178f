//! What a narrative's XHTML may be: the rules txt-1 and txt-2.
//!
//! <https://hl7.org/fhir/R4/narrative.html#rules>: one `div` of the XHTML namespace, well-formed, with elements and attributes of formatting alone, and with something to read or see in it.

/// Elements nest at most this deep.
const DEPTH_MAX: usize = 256;

/// Those of chapters 7 to 11 (but 4 of 9) and 15 of HTML 4.0 that XHTML kept, with links and images.
#[rustfmt::skip] // One a line would be longer and say no more.
const ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "address", "area", "b", "bdo", "big", "blockquote", "br", "caption", "cite",
    "code", "col", "colgroup", "dd", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "img", "kbd", "li", "map", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub",
    "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var",
];

/// Attributes any element may have.
#[rustfmt::skip] // One a line would be longer and say no more.
const ATTRIBUTES: &[&str] = &[
    "abbr", "align", "axis", "bgcolor", "border", "cellhalign", "cellpadding", "cellspacing", "cellvalign",
    "char", "charoff", "class", "colspan", "compact", "dir", "frame", "headers", "height", "id", "lang",
    "noshade", "nowrap", "rowspan", "rules", "scope", "size", "span", "start", "style", "summary", "title",
    "type", "valign", "value", "width", "xml:lang", "xmlns",
];

/// Attributes of one element each.
const ATTRIBUTES_OF: &[(&str, &[&str])] = &[
    ("a", &["accesskey", "charset", "coords", "href", "hreflang", "name", "rel", "rev", "shape", "tabindex"]),
    ("img", &["alt", "ismap", "longdesc", "src", "usemap", "hspace", "vspace"]),
    ("area", &["accesskey", "alt", "coords", "href", "nohref", "shape", "tabindex"]),
    ("map", &["name"]),
    ("blockquote", &["cite"]),
    ("q", &["cite"]),
];

const NAMESPACE: &str = "http://www.w3.org/1999/xhtml";

/// Whether `xhtml` keeps the rules.
pub(crate) fn is_good(xhtml: &str) -> bool {
    let mut reader = Reader { rest: xhtml.trim(), open: Vec::new(), told: false };
    reader.whole().is_some() && reader.told
}

struct Reader<'x> {
    rest: &'x str,
    /// The names of the elements that are open.
    open: Vec<&'x str>,
    /// Whether there was something to read or see.
    told: bool,
}

impl<'x> Reader<'x> {
    fn whole(&mut self) -> Option<()> {
        while self.rest.starts_with("<!--") {
            self.comment()?;
            self.rest = self.rest.trim_start();
        }
        let first = self.tag()?;
        if first.name != "div" || first.namespace != Some(NAMESPACE) || first.closed {
            return None;
        }
        while !self.open.is_empty() {
            let (text, rest) = self.rest.split_at_checked(self.rest.find('<')?)?;
            self.text(text)?;
            self.rest = rest;
            if rest.starts_with("<!--") {
                self.comment()?;
            } else if let Some(end) = rest.strip_prefix("</") {
                let (name, after) = end.split_once('>')?;
                if self.open.pop()? != name.trim_end() {
                    return None;
                }
                self.rest = after;
            } else {
                let tag = self.tag()?;
                if tag.namespace.is_some_and(|namespace| namespace != NAMESPACE) {
                    return None;
                }
                self.told |= tag.name == "img";
            }
        }
        self.rest.trim().is_empty().then_some(())
    }

    fn comment(&mut self) -> Option<()> {
        let (inside, after) = self.rest.strip_prefix("<!--")?.split_once("-->")?;
        self.rest = after;
        (!inside.contains("--")).then_some(())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.told |= text.chars().any(|c| !c.is_whitespace());
        (references_are_good(text) && !text.contains("]]>")).then_some(())
    }

    /// Reads `<name attribute="value">` and opens it unless it closes itself.
    fn tag(&mut self) -> Option<Tag<'x>> {
        let inside = self.rest.strip_prefix('<')?;
        let end = inside.find(|c: char| !c.is_ascii_alphanumeric())?;
        let (name, mut rest) = inside.split_at_checked(end)?;
        if !ELEMENTS.contains(&name) {
            return None;
        }
        let mut namespace = None;
        let mut seen: Vec<&str> = Vec::new();
        loop {
            let trimmed = rest.trim_start();
            if let Some(after) = trimmed.strip_prefix("/>") {
                self.rest = after;
                return Some(Tag { name, namespace, closed: true });
            }
            if let Some(after) = trimmed.strip_prefix('>') {
                self.rest = after;
                self.open.push(name);
                return (self.open.len() <= DEPTH_MAX).then_some(Tag { name, namespace, closed: false });
            }
            if trimmed.len() == rest.len() {
                return None;
            }
            let (attribute, after) = trimmed.split_once('=')?;
            let attribute = attribute.trim_end();
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = after.get(1..)?.split_once(quote)?;
            if seen.contains(&attribute)
                || !may_have(name, attribute)
                || value.contains('<')
                || !references_are_good(value)
            {
                return None;
            }
            seen.push(attribute);
            if attribute == "xmlns" {
                namespace = Some(value);
            }
            rest = after;
        }
    }
}

struct Tag<'x> {
    name: &'x str,
    namespace: Option<&'x str>,
    closed: bool,
}

fn may_have(element: &str, attribute: &str) -> bool {
    ATTRIBUTES.contains(&attribute)
        || ATTRIBUTES_OF.iter().any(|(of, names)| *of == element && names.contains(&attribute))
}

/// Whether each `&` begins a reference to a character.
fn references_are_good(text: &str) -> bool {
    let mut parts = text.split('&');
    parts.next();
    parts.all(|part| {
        let Some((name, _)) = part.split_once(';') else { return false };
        match name.strip_prefix('#') {
            Some(number) => {
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                };
                code.and_then(char::from_u32).is_some()
            }
            // XHTML names more than XML does; which of them are known is a reader's business.
            None => !name.is_empty() && name.len() <= 10 && name.bytes().all(|b| b.is_ascii_alphanumeric()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narratives() {
        const NS: &str = r#"xmlns="http://www.w3.org/1999/xhtml""#;
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("<div NS>Text</div>",                                                  true),
            (" <div NS><p>a &amp; b &#160; &nbsp;</p><br/><hr /></div>\n",          true),
            ("<div NS><img src='#x' alt=\"\"/></div>",                              true),
            ("<div NS><a href=\"http://example.org?a=1&amp;b=2\">x</a></div>",      true),
            ("<!-- made --><div NS><!-- x -->y</div>",                              true),
            ("<div NS><table class=\"grid\"><tr><td colspan=\"2\">x</td></tr></table></div>", true),
            ("<div NS></div>",                                                      false),
            ("<div NS>  <p> </p></div>",                                            false),
            ("<div NS/>",                                                           false),
            ("<div>x</div>",                                                        false),
            ("<p NS>x</p>",                                                         false),
            ("<div NS>x</div><div NS>y</div>",                                      false),
            ("<div NS>x</div> y",                                                   false),
            ("<div NS>x<script>y</script></div>",                                   false),
            ("<div NS>x<form/></div>",                                              false),
            ("<div NS onclick=\"y()\">x</div>",                                     false),
            ("<div NS class='a' class='b'>x</div>",                                 false),
            ("<div NS><p>x</div></p>",                                              false),
            ("<div NS><p>x</div>",                                                  false),
            ("<div NS>a & b</div>",                                                 false),
            ("<div NS>a &; b</div>",                                                false),
            ("<div NS><b style=\"<\">x</b></div>",                                  false),
            ("<div NS><b title=x>x</b></div>",                                      false),
            ("<div NS><svg xmlns=\"http://www.w3.org/2000/svg\"/>x</div>",          false),
            ("<?xml version=\"1.0\"?><div NS>x</div>",                              false),
            ("",                                                                    false),
            ("text",                                                                false),
            ("<div",                                                                false),
        ];
        for (text, good) in cases {
            assert_eq!(is_good(&text.replace("NS", NS)), good, "{text}");
        }
    }
}
