//! The words people are made of: names that belong to nobody here, and towns by land.

/// A town, and how its land writes addresses and telephone numbers.
pub(super) struct Town {
    pub(super) city: &'static str,
    pub(super) state: &'static str,
    /// How a postal code looks: `#` is a digit, `@` a capital letter.
    pub(super) postal_code: &'static str,
    pub(super) country: &'static str,
    /// How a telephone number looks, from ranges that reach nobody.
    pub(super) phone: &'static str,
    /// Hours east of UTC.
    pub(super) east_hours: i8,
    /// The language spoken, as BCP 47 writes it, and its name.
    pub(super) language: (&'static str, &'static str),
}

const fn town(
    city: &'static str,
    state: &'static str,
    postal_code: &'static str,
    country: &'static str,
    phone: &'static str,
    east_hours: i8,
    language: (&'static str, &'static str),
) -> Town {
    Town { city, state, postal_code, country, phone, east_hours, language }
}

#[rustfmt::skip] // A table reads by column.
pub(super) const TOWNS: [Town; 20] = [
    town("Ghent",      "East Flanders",     "90##",    "BE", "+32 9 000 ## ##",    1,  ("nl", "Dutch")),
    town("Liège",      "Liège",             "40##",    "BE", "+32 4 000 ## ##",    1,  ("fr", "French")),
    town("Zürich",     "ZH",                "80##",    "CH", "+41 44 000 ## ##",   1,  ("de", "German")),
    town("Genève",     "GE",                "12##",    "CH", "+41 22 000 ## ##",   1,  ("fr", "French")),
    town("Köln",       "NW",                "50###",   "DE", "+49 221 0000 ###",   1,  ("de", "German")),
    town("Århus",      "Midtjylland",       "80##",    "DK", "+45 00 00 ## ##",    1,  ("da", "Danish")),
    town("Málaga",     "Andalucía",         "290##",   "ES", "+34 952 000 ###",    1,  ("es", "Spanish")),
    town("Jyväskylä",  "Keski-Suomi",       "401##",   "FI", "+358 14 000 ###",    2,  ("fi", "Finnish")),
    town("Besançon",   "Doubs",             "250##",   "FR", "+33 4 65 71 ## ##",  1,  ("fr", "French")),
    town("Leeds",      "West Yorkshire",    "LS# #@@", "GB", "+44 113 496 0###",   0,  ("en", "English")),
    town("Cardiff",    "South Glamorgan",   "CF1# #@@","GB", "+44 29 2018 0###",   0,  ("cy", "Welsh")),
    town("Győr",       "Győr-Moson-Sopron", "90##",    "HU", "+36 96 000 ###",     1,  ("hu", "Hungarian")),
    town("Forlì",      "Emilia-Romagna",    "4712#",   "IT", "+39 0543 000 ###",   1,  ("it", "Italian")),
    town("Tromsø",     "Troms",             "90##",    "NO", "+47 00 00 ## ##",    1,  ("nb", "Norwegian")),
    town("Łódź",       "łódzkie",           "90-###",  "PL", "+48 42 000 ## ##",   1,  ("pl", "Polish")),
    town("Évora",      "Alentejo",          "7000-###","PT", "+351 266 000 ###",   0,  ("pt", "Portuguese")),
    town("Malmö",      "Skåne",             "21# ##",  "SE", "+46 40 628 04 ##",   1,  ("sv", "Swedish")),
    town("Duluth",     "MN",                "558##",   "US", "+1 218 555 01##",   -6,  ("en", "English")),
    town("San José",   "CA",                "951##",   "US", "+1 408 555 01##",   -8,  ("es", "Spanish")),
    town("Québec",     "QC",                "G1@ #@#", "CA", "+1 418 555 01##",   -5,  ("fr", "French")),
];

#[rustfmt::skip] // A list of words.
pub(super) const WOMEN: [&str; 36] = [
    "Zoë", "Amélie", "Ingrid", "Renée", "Łucja", "Anaïs", "Sofía", "Maëlle", "Freya", "Chloé", "Åsa", "Marta",
    "Inês", "Noor", "Elif", "Nadia", "Ottilie", "Brónagh", "Željka", "Hanna", "Saoirse", "Yuki", "Thùy", "Ana María",
    "Ruth", "Joan", "Edith", "Priya", "Wangari", "Leila", "Márta", "Agnès", "Ida", "Solveig", "Carmen", "Dorothea",
];

#[rustfmt::skip] // A list of words.
pub(super) const MEN: [&str; 36] = [
    "José", "Søren", "Björn", "Łukasz", "Étienne", "Jürgen", "Mårten", "Ștefan", "Óscar", "Matthijs", "Gábor", "Niall",
    "Ahmed", "Kofi", "Hiroshi", "Đức", "Jean-Luc", "Pádraig", "Tomás", "Arthur", "Walter", "Ravi", "Emre", "Otto",
    "Benoît", "Kjær", "Iñigo", "Aleš", "Ronan", "Felix", "Tibor", "João", "Rhys", "Samuel", "Pekka", "Luca",
];

#[rustfmt::skip] // A list of words.
pub(super) const FAMILIES: [&str; 44] = [
    "Van den Broeck", "Müller-Lüdenscheid", "Nuñez", "O'Rourke", "Kowalczyk", "Sjögren", "Lefèvre", "Østergaard",
    "Grünwald", "De Smet", "Nguyễn", "Szűcs", "Brânză", "D'Angelo", "Mac an Bhaird", "Vandenbossche", "Häkkinen",
    "Çelik", "Šimić", "Peeters", "Björnsdóttir", "Gonçalves", "Llywelyn", "Tanaka", "Okonkwo", "Achterberg",
    "Fairweather", "Thistlewood", "Underhill", "Castellano", "Bakker", "Rasmussen", "Villeneuve", "Pereira",
    "Hollingbery", "Ferrándiz", "Zieliński", "Ó Ceallaigh", "Marchetti", "Steenkamp", "Iyer", "Haddad", "Quarles", "Ek",
];

#[rustfmt::skip] // A list of words.
pub(super) const STREETS: [&str; 16] = [
    "Korenmarkt", "Rue de l'Église", "Bahnhofstraße", "Calle Mayor", "High Street", "Storgatan", "Ulica Długa", "Mill Lane",
    "Chemin du Château", "Lindenallee", "Via Garibaldi", "Kirkegata", "Rua da Sé", "Station Road", "Petőfi utca", "Maple Avenue",
];

#[rustfmt::skip] // A list of words.
pub(super) const HOSPITALS: [&str; 8] = [
    "Saint Brigid General", "Hôpital des Trois Ponts", "Klinikum am Lindenhain", "Eastmere Infirmary",
    "Hospital del Olivar", "Nordhavn Sygehus", "Spital zum Ährenfeld", "Maplewater Medical Center",
];
