//! The pictures of the demo shop, which the project draws itself: a device in the finish of a variant
//! and the colours of its brand, with a scene on its screen, all in one frame under one light. A picture
//! is a pure function of its address and is kept nowhere.

mod drawings;
mod palette;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, header};
use techtrove_core::{Problem, codes};
use techtrove_http::{ETag, HttpError, Path, is_unchanged};

use drawings::{DEVICES, FRAME, SCENES};
use palette::{BRANDS, Brand, Colour, FINISHES, shades};

/// A month: a picture changes only with the program.
const KEEP: &str = "public, max-age=2592000";

/// A picture that can be drawn.
#[derive(Clone, Copy, Debug)]
struct Picture {
    brand: Brand,
    device: &'static str,
    finish: Colour,
    scene: &'static str,
}

impl Picture {
    /// The picture of `brand`'s `device` in a `look` like `graphite-dunes.svg`: a finish and a scene.
    fn named(brand: &str, device: &str, look: &str) -> Option<Self> {
        let (finish, scene) = look.strip_suffix(".svg")?.split_once('-')?;
        Some(Self {
            brand: *BRANDS.iter().find(|known| known.name == brand)?,
            device: named(&DEVICES, device)?,
            finish: named(&FINISHES, finish)?,
            scene: named(&SCENES, scene)?,
        })
    }

    /// The picture as SVG.
    fn draw(&self) -> String {
        let mut svg = FRAME
            .replace("{scene}", self.scene)
            .replace("{emblem}", self.brand.emblem)
            .replace("{drawing}", self.device);
        for (place, colour) in shades(&self.brand, self.finish) {
            svg = svg.replace(place, &colour.to_string());
        }
        svg
    }
}

fn named<T: Copy>(all: &[(&str, T)], name: &str) -> Option<T> {
    all.iter().find(|(known, _)| *known == name).map(|(_, found)| *found)
}

/// `GET /demo/pictures/{brand}/{device}/{finish}-{scene}.svg`.
pub(crate) fn router() -> Router {
    Router::new().route("/demo/pictures/{brand}/{device}/{look}", get(show))
}

async fn show(
    Path((brand, device, look)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(picture) = Picture::named(&brand, &device, &look) else {
        let problem = Problem::new(codes::NOT_FOUND, "there is no such picture");
        return HttpError(problem).into_response();
    };
    let svg = picture.draw();
    let tag = ETag::of(0_u64, svg.as_bytes());
    let kept = [(header::ETAG, tag.header()), (header::CACHE_CONTROL, KEEP.parse().expect("text"))];
    if is_unchanged(&headers, tag) {
        (StatusCode::NOT_MODIFIED, kept).into_response()
    } else {
        (kept, [(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names of elements that are open in the end, or the first end that has no beginning.
    fn unbalanced(svg: &str) -> Vec<&str> {
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (inside, _) = tag.split_once('>').expect("a tag ends");
            let name = inside.split([' ', '/', '\n']).find(|part| !part.is_empty());
            let name = name.expect("a tag has a name");
            if inside.starts_with('/') {
                if open.pop() != Some(name) {
                    return vec![name];
                }
            } else if !inside.ends_with('/') {
                open.push(name);
            }
        }
        open
    }

    /// What stands behind each `begin`, up to a quote or a bracket.
    fn names<'s>(svg: &'s str, begin: &str) -> BTreeSet<&'s str> {
        svg.split(begin).skip(1).filter_map(|rest| rest.split(['"', ')']).next()).collect()
    }

    #[test]
    fn every_device_of_every_brand_is_whole() {
        for brand in BRANDS {
            for (device, _) in DEVICES {
                let picture = Picture::named(brand.name, device, "graphite-dunes.svg");
                let svg = picture.expect("known").draw();

                assert!(!svg.contains('{') && svg.starts_with("<svg "), "{}/{device}", brand.name);
                assert_eq!(unbalanced(&svg), [""; 0], "{}/{device}", brand.name);
                let known = names(&svg, " id=\"");
                let used = &names(&svg, "url(#") | &names(&svg, "href=\"#");
                assert!(used.is_subset(&known), "{device}: {:?}", &used - &known);
            }
        }
    }

    #[test]
    fn scenes_and_finishes_show() {
        let draw = |look: &str| Picture::named("halvane", "laptop", look).map(|found| found.draw());
        let looks = FINISHES.iter().flat_map(|(finish, _)| {
            SCENES.iter().map(move |(scene, _)| format!("{finish}-{scene}.svg"))
        });
        let looks: Vec<String> = looks.collect();

        let drawn: BTreeSet<_> = looks.iter().map(|look| draw(look).expect("known")).collect();

        assert_eq!(drawn.len(), looks.len());
    }

    #[test]
    fn there_are_no_other_pictures() {
        for (brand, device, look) in [
            ("nobody", "laptop", "graphite-dunes.svg"),
            ("halvane", "toaster", "graphite-dunes.svg"),
            ("halvane", "laptop", "graphite-dunes"),
            ("halvane", "laptop", "graphite.svg"),
            ("halvane", "laptop", "plaid-dunes.svg"),
            ("halvane", "laptop", "graphite-storm.svg"),
        ] {
            assert!(Picture::named(brand, device, look).is_none(), "{brand}/{device}/{look}");
        }
    }
}
