//! Comma-separated values with quotes, as the index of the published cases has them.

/// The fields of each line; a field in quotes may hold commas and doubled quotes, and no line ends.
pub(super) fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines().map(row).collect()
}

fn row(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_none() => quoted = false,
            '"' if !quoted => quoted = true,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().expect("there is one from the beginning").push(other),
        }
    }
    fields
}

#[test]
fn fields() {
    assert_eq!(rows("a,\"b, \"\"c\"\"\",,d\ne"), [vec!["a", "b, \"c\"", "", "d"], vec!["e"]]);
}
