//! Which words of a part's name are its brand. The source says only that a name starts with it, so
//! brands of several words are listed here; any other brand is the first word.

/// Brands of more than one word, as the source writes them.
const OF_SEVERAL_WORDS: &[&str] = &[
    "Altec Lansing",
    "Arctic Silver",
    "Athena Power",
    "Bang & Olufsen",
    "Broadway Com Corp",
    "Buffalo Technology",
    "Chester Creek",
    "Club 3D",
    "Cooler Master",
    "Creative Labs",
    "Cyber Acoustics",
    "DAN Cases",
    "Das Keyboard",
    "Deco Gear",
    "Delta Electronics",
    "Edge Tech",
    "Empire Gaming",
    "Endgame Gear",
    "Epic Gear",
    "Etymotic Research",
    "FFF Smart Life Connected",
    "FSP Group",
    "Fantom Drives",
    "Feb Smart",
    "Fractal Design",
    "Frontier Technology",
    "Gear Head",
    "Gelid Solutions",
    "Geometric Future",
    "Golden Field",
    "Green Extreme",
    "HG Computers",
    "HT Omega",
    "Happy Hacking",
    "Harman Kardon",
    "Hawking Technology",
    "High Power",
    "House of Marley",
    "Hyundai Technology",
    "I/O Magic",
    "IK Multimedia",
    "Iceberg Thermal",
    "In Win",
    "Innovation Cooling",
    "Jelly Comb",
    "Key Ovation",
    "Kinesis Gaming",
    "Lian Li",
    "Mad Catz",
    "Mars Gaming",
    "Max Keyboard",
    "NEMIX RAM",
    "Neo Forza",
    "Oyen Digital",
    "Ozone Gaming",
    "PC Cooler",
    "PC Power & Cooling",
    "Parvum Systems",
    "Periodic Audio",
    "Pyle Audio",
    "RK Royal Kludge",
    "Raptor Gaming",
    "Replace Power",
    "Rude Gamewear",
    "SK Hynix",
    "SPC Gear",
    "Silicon Power",
    "Solid Gear",
    "Status Audio",
    "Super Flower",
    "Swan Speakers",
    "Takara Tomy",
    "Tek Republic",
    "Thermal Grizzly",
    "Tilted Nation",
    "Titan Army",
    "Titanium Micro",
    "Tripp Lite",
    "Turtle Beach",
    "Vortex KBT",
    "Wasabi Mango",
    "Water Panther",
    "Western Digital",
    "Yate Loon",
    "be quiet!",
    "teenage engineering",
];

/// Marks of text direction and width that some names carry unseen.
const INVISIBLE: [char; 3] = ['\u{200e}', '\u{200f}', '\u{200b}'];

/// The brand a name starts with.
pub fn of(name: &str) -> &str {
    let name = name.trim_start_matches(|c: char| c.is_whitespace() || INVISIBLE.contains(&c));
    OF_SEVERAL_WORDS
        .iter()
        .filter_map(|brand| begins_with_words(name, brand))
        .next()
        .unwrap_or_else(|| name.split_whitespace().next().unwrap_or(name))
}

fn begins_with_words<'a>(name: &'a str, words: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(words)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| &name[..words.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_all_words_of_a_brand_and_only_whole_ones() {
        for (name, brand) in [
            ("be quiet! Pure Example 3", "be quiet!"),
            ("In Win 900", "In Win"),
            ("In Windows", "In"),
            ("\u{200e}Examplar X", "Examplar"),
            ("Examplar", "Examplar"),
        ] {
            assert_eq!(of(name), brand);
        }
    }
}
