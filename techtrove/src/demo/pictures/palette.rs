//! The colours of a picture: two of the brand, one of the finish, and the shades of them that the paints
//! of the frame are made of.

use std::fmt;

/// A colour of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(u8, u8, u8);

const WHITE: Colour = Colour::hex(0xff_ffff);
const INK: Colour = Colour::hex(0x0b_0e16);
const NIGHT: Colour = Colour::hex(0x05_070d);

impl Colour {
    /// The colour that is written `#rrggbb`.
    const fn hex(rgb: u32) -> Self {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Self(red, green, blue)
    }

    /// This colour with so many percent of another.
    fn mixed(self, percent: u16, other: Self) -> Self {
        let mix = |from: u8, to: u8| {
            let sum = u16::from(from) * (100 - percent) + u16::from(to) * percent;
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// How a brand is known: by two colours and an emblem.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brand {
    /// Its name in addresses.
    pub(super) name: &'static str,
    accent: Colour,
    second: Colour,
    /// The symbol on its devices.
    pub(super) emblem: &'static str,
}

const fn brand(name: &'static str, accent: u32, second: u32, emblem: &'static str) -> Brand {
    Brand { name, accent: Colour::hex(accent), second: Colour::hex(second), emblem }
}

/// The brands, all invented.
pub(super) const BRANDS: [Brand; 16] = [
    brand("aperlune", 0xc7_9a3a, 0xb2_451f, include_str!("drawings/emblems/aperlune.svg")),
    brand("brindlewave", 0xf2_8a1c, 0xd6_336c, include_str!("drawings/emblems/brindlewave.svg")),
    brand("corvane", 0x00_b8d4, 0x6d_28d9, include_str!("drawings/emblems/corvane.svg")),
    brand("ferroglyph", 0xe5_383b, 0xf5_a524, include_str!("drawings/emblems/ferroglyph.svg")),
    brand("halvane", 0x2f_6fed, 0x7b_3ff2, include_str!("drawings/emblems/halvane.svg")),
    brand("kilnrook", 0x8b_3ff5, 0xec_2f8f, include_str!("drawings/emblems/kilnrook.svg")),
    brand("loomwright", 0xa0_44ff, 0xff_6a88, include_str!("drawings/emblems/loomwright.svg")),
    brand("lumoak", 0xf2_b01e, 0xef_6c3a, include_str!("drawings/emblems/lumoak.svg")),
    brand("mirrowen", 0x5b_5bf0, 0x12_b5cb, include_str!("drawings/emblems/mirrowen.svg")),
    brand("ostrel", 0x33_55ff, 0x00_c2a8, include_str!("drawings/emblems/ostrel.svg")),
    brand("pacewright", 0x3f_b950, 0x0e_a5a4, include_str!("drawings/emblems/pacewright.svg")),
    brand("quillmark", 0x0f_9d8a, 0x2b_5fd9, include_str!("drawings/emblems/quillmark.svg")),
    brand("skarnett", 0x16_a37f, 0x0b_6e99, include_str!("drawings/emblems/skarnett.svg")),
    brand("stackfell", 0x0a_a1dd, 0x1d_4ed8, include_str!("drawings/emblems/stackfell.svg")),
    brand("tesvara", 0xff_5a5f, 0x7a_2ff0, include_str!("drawings/emblems/tesvara.svg")),
    brand("voltmere", 0x84_b816, 0x0d_9488, include_str!("drawings/emblems/voltmere.svg")),
];

/// What the devices are coloured in.
pub(super) const FINISHES: [(&str, Colour); 16] = [
    ("amber", Colour::hex(0xd9_9a3a)),
    ("black", Colour::hex(0x26_2a33)),
    ("copper", Colour::hex(0xb9_774f)),
    ("cream", Colour::hex(0xef_e6d4)),
    ("crimson", Colour::hex(0xb7_303f)),
    ("forest", Colour::hex(0x35_594a)),
    ("graphite", Colour::hex(0x4a_505e)),
    ("lavender", Colour::hex(0xb5_a6dc)),
    ("midnight", Colour::hex(0x27_375c)),
    ("rose", Colour::hex(0xe3_a9ac)),
    ("sage", Colour::hex(0x9d_b39a)),
    ("sand", Colour::hex(0xd8_c3a5)),
    ("silver", Colour::hex(0xc6_ccd6)),
    ("sky", Colour::hex(0x8f_b7dd)),
    ("teal", Colour::hex(0x2f_7f86)),
    ("white", Colour::hex(0xec_eef2)),
];

/// The shades that the frame names, each with its place in it.
pub(super) fn shades(brand: &Brand, finish: Colour) -> [(&'static str, Colour); 13] {
    let accent = brand.accent;
    [
        ("{accent}", accent),
        ("{accent-dark}", accent.mixed(68, NIGHT)),
        ("{accent-light}", accent.mixed(38, WHITE)),
        ("{accent-pale}", accent.mixed(82, WHITE)),
        ("{second}", brand.second),
        ("{backdrop-dark}", accent.mixed(76, WHITE)),
        ("{backdrop-light}", accent.mixed(95, WHITE)),
        ("{shadow}", accent.mixed(82, NIGHT)),
        ("{base}", finish),
        ("{bright}", finish.mixed(62, WHITE)),
        ("{light}", finish.mixed(30, WHITE)),
        ("{dark}", finish.mixed(30, INK)),
        ("{deep}", finish.mixed(56, INK)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_lies_between_its_colours() {
        let orange = Colour::hex(0xff_8000);

        assert_eq!(orange.to_string(), "#ff8000");
        assert_eq!(orange.mixed(0, WHITE), orange);
        assert_eq!(orange.mixed(100, WHITE), WHITE);
        assert_eq!(orange.mixed(50, Colour::hex(0)), Colour::hex(0x7f_4000));
    }
}
