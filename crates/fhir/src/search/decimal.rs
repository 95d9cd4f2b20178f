//! Decimals as they are written, with the precision that says: <https://hl7.org/fhir/R4/search.html#number>.
//!
//! Invariant: bounds are worked out in whole digits, and become machine numbers only at the end.

use anamnesis_kernel::search::Real;

/// How many digits a number has at most: what more say is nothing that is measured.
const DIGITS_MAX: usize = 18;

/// `digits` × 10^`tens`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i128,
    tens: i32,
}

impl Decimal {
    /// Reads `-12.50` or `5.40e-3`; `None` when it is no number, or one beyond what numbers here can be.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (number, power) = match text.split_once(['e', 'E']) {
            Some((number, power)) => (number, Some(power.parse::<i32>().ok().filter(|p| p.abs() < 300)?)),
            None => (text, None),
        };
        let (sign, plain) = match number.strip_prefix('-') {
            Some(plain) => (-1, plain),
            None => (1, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, decimals) = match plain.split_once('.') {
            Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
            Some(_) => return None,
            None => (plain, ""),
        };
        let all = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all(whole) || !all(decimals) || whole.len() + decimals.len() > DIGITS_MAX {
            return None;
        }
        let digits: i128 = format!("{whole}{decimals}").parse().ok()?;
        let read =
            Self { digits: sign * digits, tens: power.unwrap_or(0) - i32::try_from(decimals.len()).ok()? };
        // The standard's page takes 1e2 for 95 to 105, as if it were 1.0e2.
        Some(if power.is_some() && decimals.is_empty() { read.finer() } else { read })
    }

    /// From the least number that would be written so to the first that would not.
    pub(super) fn written(self) -> (Self, Self) {
        self.around(5)
    }

    /// A tenth less, and a tenth more.
    pub(super) fn about(self) -> (Self, Self) {
        self.around(self.digits.abs())
    }

    fn around(self, by: i128) -> (Self, Self) {
        let fine = self.finer();
        (Self { digits: fine.digits - by, ..fine }, Self { digits: fine.digits + by, ..fine })
    }

    const fn finer(self) -> Self {
        Self { digits: self.digits * 10, tens: self.tens - 1 }
    }

    /// The product, where its digits can be held.
    pub(super) fn times(self, other: Self) -> Option<Self> {
        Some(Self {
            digits: self.digits.checked_mul(other.digits)?,
            tens: self.tens.checked_add(other.tens)?,
        })
    }

    /// `digits` divided by ten as often as `scale` says.
    pub(super) fn scaled(digits: i128, scale: u32) -> Option<Self> {
        Some(Self { digits, tens: -i32::try_from(scale).ok()? })
    }

    /// The nearest number of the index.
    pub(super) fn real(self) -> Option<Real> {
        let number: f64 = format!("{}e{}", self.digits, self.tens).parse().ok()?;
        Real::new(number).filter(|_| number.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision() {
        let show = |(low, high): (Decimal, Decimal)| {
            format!("{}..{}", low.real().unwrap().get(), high.real().unwrap().get())
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // written     what would be written so      a tenth around it
            ("100",     "99.5..100.5",                "90..110"),
            ("100.00",  "99.995..100.005",            "90..110"),
            ("1e2",     "95..105",                    "90..110"),
            ("5.40e-3", "0.005395..0.005405",         "0.00486..0.00594"),
            ("5.4",     "5.35..5.45",                 "4.86..5.94"),
            ("-5.4",    "-5.45..-5.35",               "-5.94..-4.86"),
            ("0",       "-0.5..0.5",                  "0..0"),
        ];
        for (text, written, about) in cases {
            let read = Decimal::read(text).unwrap();
            assert_eq!(
                (show(read.written()).as_str(), show(read.about()).as_str()),
                (written, about),
                "{text}"
            );
        }
        for text in
            ["", "-", ".5", "5.", "1e", "e2", "1e400", "0x1", "1,5", "1 ", "NaN", "1234567890123456789"]
        {
            assert_eq!(Decimal::read(text), None, "{text}");
        }
    }
}
