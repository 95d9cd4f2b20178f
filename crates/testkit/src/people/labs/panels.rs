//! What laboratories measure: panels, their analytes, units of UCUM and what is usual.

use anamnesis_json::Object;

use super::{Code, decimal, loinc, object, quantity, sct};
use crate::people::rng::Rng;

/// What is ordered together.
pub(super) struct Panel {
    pub(super) code: Code,
    pub(super) specimen: Code,
    pub(super) analytes: &'static [Analyte],
}

/// One thing measured; bounds are digits of which `decimals` stand behind the point.
pub(super) struct Analyte {
    pub(super) code: Code,
    pub(super) unit: &'static str,
    pub(super) decimals: u32,
    pub(super) low: i64,
    pub(super) high: i64,
}

impl Analyte {
    /// A measurement, which four times in five lies in the usual range.
    pub(super) fn measured(&self, rng: &mut Rng) -> i64 {
        let width = (self.high - self.low).max(2);
        match rng.below(10) {
            0 => (self.low - rng.between(1, width / 2)).max(1),
            1 => self.high + rng.between(1, width),
            _ => rng.between(self.low, self.high),
        }
    }

    /// Low, high or normal, as HL7 writes it.
    pub(super) fn flag(&self, digits: i64) -> &'static str {
        if digits < self.low {
            "L"
        } else if digits > self.high {
            "H"
        } else {
            "N"
        }
    }

    /// The usual range, as a result carries it.
    pub(super) fn range(&self) -> Object {
        let bound = |digits| quantity(decimal(digits, self.decimals), self.unit, self.unit);
        object! { "low": bound(self.low), "high": bound(self.high) }
    }
}

const fn of(
    code: &'static str,
    display: &'static str,
    unit: &'static str,
    decimals: u32,
    low: i64,
    high: i64,
) -> Analyte {
    Analyte { code: loinc(code, display), unit, decimals, low, high }
}

const SERUM: Code = sct("119364003", "Serum specimen");
const BLOOD: Code = sct("119297000", "Blood specimen");

pub(super) const PANELS: [Panel; 4] = [
    Panel { code: loinc("51990-0", "Basic metabolic panel - Blood"), specimen: SERUM, analytes: &METABOLIC },
    Panel {
        code: loinc("57698-3", "Lipid panel with direct LDL - Serum or Plasma"),
        specimen: SERUM,
        analytes: &LIPIDS,
    },
    Panel {
        code: loinc("58410-2", "CBC panel - Blood by Automated count"),
        specimen: BLOOD,
        analytes: &BLOOD_COUNT,
    },
    Panel {
        code: loinc("24325-3", "Hepatic function 2000 panel - Serum or Plasma"),
        specimen: SERUM,
        analytes: &LIVER,
    },
];

#[rustfmt::skip] // A table reads by column.
const METABOLIC: [Analyte; 8] = [
    of("2345-7",  "Glucose [Mass/volume] in Serum or Plasma",                 "mg/dL",  1, 700,  990),
    of("3094-0",  "Urea nitrogen [Mass/volume] in Serum or Plasma",           "mg/dL",  0, 7,    20),
    of("2160-0",  "Creatinine [Mass/volume] in Serum or Plasma",              "mg/dL",  2, 60,   130),
    of("2823-3",  "Potassium [Moles/volume] in Serum or Plasma",              "mmol/L", 2, 350,  510),
    of("2951-2",  "Sodium [Moles/volume] in Serum or Plasma",                 "mmol/L", 0, 135,  145),
    of("2075-0",  "Chloride [Moles/volume] in Serum or Plasma",               "mmol/L", 1, 980,  1070),
    of("2028-9",  "Carbon dioxide, total [Moles/volume] in Serum or Plasma",  "mmol/L", 1, 220,  290),
    of("17861-6", "Calcium [Mass/volume] in Serum or Plasma",                 "mg/dL",  2, 850,  1020),
];

#[rustfmt::skip] // A table reads by column.
const LIPIDS: [Analyte; 5] = [
    of("2093-3",  "Cholesterol [Mass/volume] in Serum or Plasma",             "mg/dL",  0, 120,  200),
    of("2571-8",  "Triglyceride [Mass/volume] in Serum or Plasma",            "mg/dL",  0, 40,   150),
    of("18262-6", "Cholesterol in LDL [Mass/volume] in Serum or Plasma by Direct assay", "mg/dL", 1, 500, 1000),
    of("2085-9",  "Cholesterol in HDL [Mass/volume] in Serum or Plasma",      "mg/dL",  1, 400,  600),
    of("4548-4",  "Hemoglobin A1c/Hemoglobin.total in Blood",                 "%",      2, 400,  560),
];

#[rustfmt::skip] // A table reads by column.
const BLOOD_COUNT: [Analyte; 7] = [
    of("6690-2",  "Leukocytes [#/volume] in Blood by Automated count",        "10*3/uL", 1, 45,   110),
    of("789-8",   "Erythrocytes [#/volume] in Blood by Automated count",      "10*6/uL", 2, 400,  590),
    of("718-7",   "Hemoglobin [Mass/volume] in Blood",                        "g/dL",    1, 120,  175),
    of("4544-3",  "Hematocrit [Volume Fraction] of Blood by Automated count", "%",       1, 360,  500),
    of("787-2",   "MCV [Entitic mean volume] in Red Blood Cells by Automated count", "fL", 1, 800, 960),
    of("785-6",   "MCH [Entitic mass] by Automated count",                    "pg",      1, 270,  330),
    of("777-3",   "Platelets [#/volume] in Blood by Automated count",         "10*3/uL", 0, 150,  450),
];

#[rustfmt::skip] // A table reads by column.
const LIVER: [Analyte; 6] = [
    of("2885-2",  "Protein [Mass/volume] in Serum or Plasma",                 "g/dL",   1, 60,   83),
    of("1751-7",  "Albumin [Mass/volume] in Serum or Plasma",                 "g/dL",   2, 350,  500),
    of("1975-2",  "Bilirubin.total [Mass/volume] in Serum or Plasma",         "mg/dL",  2, 10,   120),
    of("6768-6",  "Alkaline phosphatase [Enzymatic activity/volume] in Serum or Plasma",       "U/L", 0, 44, 147),
    of("1742-6",  "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma",   "U/L", 0, 7,  56),
    of("1920-8",  "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 0, 10, 40),
];
