//! A small part of UCUM: enough to compare the units that measurements commonly have.
//!
//! Known are metric prefixes, the units of the table below, products, quotients, powers and annotations.
//! What is not known, and what has no fixed factor (`Cel`, `[pH]`), has no canonical form, and is compared by its text alone.
//!
//! <https://ucum.org/ucum>

use rust_decimal::Decimal;

/// A unit as a factor and powers of what is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Canonical {
    pub(crate) factor: Decimal,
    /// Of metre, second, gram, mole, kelvin, enzyme unit, international unit.
    pub(crate) powers: Powers,
}

type Powers = [i8; 7];

/// Parentheses may nest this deep.
const DEPTH_MAX: u8 = 8;

const PREFIXES: &[(&str, i32)] = &[
    ("da", 1),
    ("k", 3),
    ("h", 2),
    ("d", -1),
    ("c", -2),
    ("m", -3),
    ("u", -6),
    ("n", -9),
    ("p", -12),
    ("f", -15),
    ("M", 6),
    ("G", 9),
];

/// Code, whether it takes prefixes, factor as digits and a power of ten, powers.
#[rustfmt::skip] // A table reads by column.
const UNITS: &[(&str, bool, i64, i32, Powers)] = &[
    //             metric  factor          m   s  g  mol K  U  IU
    ("1",          false,  1,         0,  [0,  0, 0, 0, 0, 0, 0]),
    ("%",          false,  1,        -2,  [0,  0, 0, 0, 0, 0, 0]),
    ("[ppth]",     false,  1,        -3,  [0,  0, 0, 0, 0, 0, 0]),
    ("[ppm]",      false,  1,        -6,  [0,  0, 0, 0, 0, 0, 0]),
    ("m",          true,   1,         0,  [1,  0, 0, 0, 0, 0, 0]),
    ("s",          true,   1,         0,  [0,  1, 0, 0, 0, 0, 0]),
    ("g",          true,   1,         0,  [0,  0, 1, 0, 0, 0, 0]),
    ("mol",        true,   1,         0,  [0,  0, 0, 1, 0, 0, 0]),
    ("osm",        true,   1,         0,  [0,  0, 0, 1, 0, 0, 0]),
    ("eq",         true,   1,         0,  [0,  0, 0, 1, 0, 0, 0]),
    ("K",          true,   1,         0,  [0,  0, 0, 0, 1, 0, 0]),
    ("U",          true,   1,         0,  [0,  0, 0, 0, 0, 1, 0]),
    ("[iU]",       true,   1,         0,  [0,  0, 0, 0, 0, 0, 1]),
    ("[IU]",       true,   1,         0,  [0,  0, 0, 0, 0, 0, 1]),
    ("l",          true,   1,        -3,  [3,  0, 0, 0, 0, 0, 0]),
    ("L",          true,   1,        -3,  [3,  0, 0, 0, 0, 0, 0]),
    ("t",          true,   1,         6,  [0,  0, 1, 0, 0, 0, 0]),
    ("min",        false,  60,        0,  [0,  1, 0, 0, 0, 0, 0]),
    ("h",          false,  3_600,     0,  [0,  1, 0, 0, 0, 0, 0]),
    ("d",          false,  86_400,    0,  [0,  1, 0, 0, 0, 0, 0]),
    ("wk",         false,  604_800,   0,  [0,  1, 0, 0, 0, 0, 0]),
    ("mo",         false,  2_629_800, 0,  [0,  1, 0, 0, 0, 0, 0]),
    ("a",          false,  31_557_600, 0, [0,  1, 0, 0, 0, 0, 0]),
    ("Hz",         true,   1,         0,  [0, -1, 0, 0, 0, 0, 0]),
    ("N",          true,   1,         3,  [1, -2, 1, 0, 0, 0, 0]),
    ("Pa",         true,   1,         3,  [-1, -2, 1, 0, 0, 0, 0]),
    ("bar",        true,   1,         8,  [-1, -2, 1, 0, 0, 0, 0]),
    ("m[Hg]",      true,   133_322,   3,  [-1, -2, 1, 0, 0, 0, 0]),
    ("m[H2O]",     true,   980_665,   1,  [-1, -2, 1, 0, 0, 0, 0]),
    ("J",          true,   1,         3,  [2, -2, 1, 0, 0, 0, 0]),
    ("cal",        true,   4_184,     0,  [2, -2, 1, 0, 0, 0, 0]),
    ("W",          true,   1,         3,  [2, -3, 1, 0, 0, 0, 0]),
    ("kat",        true,   1,         0,  [0, -1, 0, 1, 0, 0, 0]),
    ("[in_i]",     false,  254,      -4,  [1,  0, 0, 0, 0, 0, 0]),
    ("[ft_i]",     false,  3_048,    -4,  [1,  0, 0, 0, 0, 0, 0]),
    ("[lb_av]",    false,  45_359_237, -5, [0, 0, 1, 0, 0, 0, 0]),
    ("[oz_av]",    false,  28_349_523_125, -9, [0, 0, 1, 0, 0, 0, 0]),
];

/// The unit in metres, seconds, grams …; `None` when it is not known here.
pub(crate) fn canonical(code: &str) -> Option<Canonical> {
    let mut rest = code;
    let unit = term(&mut rest, DEPTH_MAX)?;
    rest.is_empty().then_some(unit)
}

/// By what an amount in `from` is multiplied to be one in `to`; `None` where they do not measure the same, or one of them
/// is not known here.
pub(crate) fn ratio(from: &str, to: &str) -> Option<Decimal> {
    let (from, to) = (canonical(from)?, canonical(to)?);
    if from.powers != to.powers {
        return None;
    }
    from.factor.checked_div(to.factor).map(|ratio| ratio.normalize()).filter(|ratio| !ratio.is_zero())
}

/// `mg/dL`, `/min`, `(cm).(m)`.
fn term(rest: &mut &str, depth: u8) -> Option<Canonical> {
    let mut unit = Canonical { factor: Decimal::ONE, powers: [0; 7] };
    let mut sign = 1;
    if let Some(after) = rest.strip_prefix('/') {
        (*rest, sign) = (after, -1);
    }
    loop {
        unit = unit.times(component(rest, depth)?.power(sign)?)?;
        sign = match rest.chars().next() {
            Some('.') => 1,
            Some('/') => -1,
            _ => return Some(unit),
        };
        *rest = rest.get(1..)?;
    }
}

fn component(rest: &mut &str, depth: u8) -> Option<Canonical> {
    if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        let inner = term(rest, depth.checked_sub(1)?)?;
        *rest = rest.strip_prefix(')')?;
        return Some(inner);
    }
    let end = simple_end(rest);
    let (text, after) = rest.split_at_checked(end)?;
    *rest = after;
    let annotated = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
    if let Some((_, after)) = annotated {
        *rest = after;
    }
    match text {
        "" if annotated.is_some() => Some(Canonical { factor: Decimal::ONE, powers: [0; 7] }),
        _ => simple(text),
    }
}

/// Where a unit with its exponent ends; brackets may hold anything.
fn simple_end(text: &str) -> usize {
    let mut inside = false;
    for (at, c) in text.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            '.' | '/' | '(' | ')' | '{' if !inside => return at,
            _ => {}
        }
    }
    text.len()
}

/// `cm2`, `10*3`, `1000`.
fn simple(text: &str) -> Option<Canonical> {
    if let Some(exponent) = text.strip_prefix("10*").or_else(|| text.strip_prefix("10^")) {
        let ten = Canonical { factor: Decimal::TEN, powers: [0; 7] };
        return ten.power(if exponent.is_empty() { 1 } else { exponent.parse().ok()? });
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Canonical { factor: text.parse().ok()?, powers: [0; 7] });
    }
    let digits = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (mut name, mut exponent) = text.split_at_checked(text.len() - digits)?;
    if let Some(shorter) = name.strip_suffix(['-', '+']).filter(|_| digits > 0) {
        (name, exponent) = text.split_at_checked(shorter.len())?;
    }
    atom(name)?.power(if exponent.is_empty() { 1 } else { exponent.parse().ok()? })
}

fn atom(name: &str) -> Option<Canonical> {
    let find = |name: &str| UNITS.iter().find(|unit| unit.0 == name);
    let of = |unit: &(&str, bool, i64, i32, Powers), tens: i32| {
        let factor = Decimal::from(unit.2).checked_mul(ten_to(unit.3 + tens)?)?;
        Some(Canonical { factor, powers: unit.4 })
    };
    if let Some(unit) = find(name) {
        return of(unit, 0);
    }
    let (unit, tens) = PREFIXES.iter().find_map(|(prefix, tens)| {
        let unit = find(name.strip_prefix(prefix)?)?;
        unit.1.then_some((unit, *tens))
    })?;
    of(unit, tens)
}

fn ten_to(exponent: i32) -> Option<Decimal> {
    let size = exponent.unsigned_abs();
    if size > 27 {
        return None;
    }
    if exponent < 0 {
        Some(Decimal::new(1, size))
    } else {
        Decimal::try_from_i128_with_scale(10_i128.pow(size), 0).ok()
    }
}

impl Canonical {
    fn times(self, other: Self) -> Option<Self> {
        let mut powers = self.powers;
        for (ours, theirs) in powers.iter_mut().zip(other.powers) {
            *ours = ours.checked_add(theirs)?;
        }
        Some(Self { factor: self.factor.checked_mul(other.factor)?, powers })
    }

    fn power(self, exponent: i8) -> Option<Self> {
        let mut powers = self.powers;
        for power in &mut powers {
            *power = power.checked_mul(exponent)?;
        }
        let mut factor = Decimal::ONE;
        for _ in 0..exponent.unsigned_abs() {
            factor = factor.checked_mul(self.factor)?;
        }
        let factor = if exponent < 0 { Decimal::ONE.checked_div(factor)? } else { factor };
        Some(Self { factor, powers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_unit_in_other_words() {
        let same = [
            ("mg/dL", "10.g/m3"),
            ("mmol/L", "mol/m3"),
            ("10*3/uL", "10*9/L"),
            ("/min", "min-1"),
            ("{beats}/min", "/min"),
            ("kg/m2", "g.cm-2/10"),
            ("mm[Hg]", "133322.g.m-1.s-2"),
            ("[in_i]", "cm.254/100"),
            ("(cm).(m)", "dm2"),
            ("wk", "7.d"),
            ("%", "mL/dL"),
            ("kJ", "1000.J"),
        ];
        for (a, b) in same {
            let (a, b) = (canonical(a).expect(a), canonical(b).expect(b));
            assert_eq!(a.powers, b.powers);
            assert_eq!(a.factor.round_dp(18), b.factor.round_dp(18));
        }
    }

    #[test]
    fn ratios() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("g", "mg", Some("1000")), ("mg", "g", Some("0.001")), ("mg/dL", "g/L", Some("0.01")), ("cm", "[in_i]", Some("0.3937007874015748031496062992")),
            ("g", "m", None), ("g", "Cel", None), ("mmol/L", "mg/dL", None),
        ];
        for (from, to, expected) in cases {
            assert_eq!(ratio(from, to).map(|ratio| ratio.to_string()).as_deref(), expected, "{from} {to}");
        }
    }

    #[test]
    fn what_is_not_known() {
        for code in
            ["Cel", "[degF]", "[pH]", "", "/", "mg//dL", "mg/", "(mg", "mg)", "{", "lbs", "10*99", "kmin"]
        {
            assert_eq!(canonical(code), None, "{code}");
        }
    }
}
