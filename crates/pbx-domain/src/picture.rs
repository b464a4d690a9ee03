//! Picture formats: detecting the accepted ones, and reading their size.

use imagesize::ImageType;

use crate::error::Error;

/// A picture, as detected from its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// The media type, e.g. `image/png`.
    pub media_type: &'static str,
    /// The extension of file names.
    pub extension: &'static str,
    /// The width in pixels; the largest of an icon's.
    pub width: i64,
    /// The height in pixels.
    pub height: i64,
}

impl Picture {
    /// Parses the head of a file. Its name and its declared media type are ignored.
    ///
    /// SVG is not accepted: it can contain scripts, which would run in the origin of this server when the file is opened in a browser.
    pub fn parse(content: &[u8]) -> Result<Self, Error> {
        let unknown = Error::Refused {
            code: "UNSUPPORTED_FILE",
            message: "The content is no PNG, JPEG, GIF, WebP or ICO picture.",
        };
        let (media_type, extension) = match imagesize::image_type(content) {
            Ok(ImageType::Png) => ("image/png", "png"),
            Ok(ImageType::Jpeg) => ("image/jpeg", "jpg"),
            Ok(ImageType::Gif) => ("image/gif", "gif"),
            Ok(ImageType::Webp) => ("image/webp", "webp"),
            Ok(ImageType::Ico) => ("image/x-icon", "ico"),
            _ => return Err(unknown),
        };
        let size = imagesize::blob_size(content).map_err(|_| unknown)?;
        let pixels = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(Self {
            media_type,
            extension,
            width: pixels(size.width),
            height: pixels(size.height),
        })
    }
}

/// Tests with the smallest content of each format that has a size.
#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend(b"\x08\x06\0\0\0");
        bytes
    }

    fn gif(width: u16, height: u16) -> Vec<u8> {
        [
            b"GIF89a".as_slice(),
            &width.to_le_bytes(),
            &height.to_le_bytes(),
            b"\0\0\0;",
        ]
        .concat()
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let frame = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x0b\x08";
        [
            frame.as_slice(),
            &height.to_be_bytes(),
            &width.to_be_bytes(),
            b"\x01\x01\x11\0\xff\xd9",
        ]
        .concat()
    }

    fn ico(width: u8, height: u8) -> Vec<u8> {
        [b"\0\0\x01\0\x01\0".as_slice(), &[width, height], &[0; 14]].concat()
    }

    fn webp(width: u16, height: u16) -> Vec<u8> {
        let head = b"RIFF\x1a\0\0\0WEBPVP8 \x0e\0\0\0\x30\x01\0\x9d\x01\x2a";
        [head.as_slice(), &width.to_le_bytes(), &height.to_le_bytes(), &[0; 4]].concat()
    }

    #[test]
    fn format_and_size_are_read_from_the_content() {
        for (content, media_type) in [
            (png(40, 30), "image/png"),
            (gif(40, 30), "image/gif"),
            (jpeg(40, 30), "image/jpeg"),
            (ico(40, 30), "image/x-icon"),
            (webp(40, 30), "image/webp"),
        ] {
            let picture = Picture::parse(&content).unwrap();
            assert_eq!(picture.media_type, media_type);
            assert_eq!((picture.width, picture.height), (40, 30), "{media_type}");
        }
    }

    #[test]
    fn other_formats_are_refused() {
        for content in [
            b"".as_slice(),
            b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"><script/></svg>",
            b"<?xml version=\"1.0\"?><svg/>",
            b"<!DOCTYPE html><script>alert(1)</script>",
            b"%PDF-1.7",
            b"BM\0\0\0\0\0\0\0\0\0\0\0\0",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
        ] {
            assert!(matches!(
                Picture::parse(content),
                Err(Error::Refused {
                    code: "UNSUPPORTED_FILE",
                    ..
                })
            ));
        }
    }
}
