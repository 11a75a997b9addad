//! A workbook of one sheet, written row by row: it is compressed as it goes out, and nothing of it waits in memory or on disk.
//!
//! An XLSX file is a ZIP archive of a few XML parts (ECMA-376). All but the sheet are fixed; its texts stand in its cells.

use std::fmt::Write as _;
use std::io::Write as _;

use chrono::{NaiveDate, NaiveDateTime};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::table::{Cell, Column};

/// Rows of a sheet, by the format, the heading among them.
pub const ROWS_MAX: u32 = 1_048_576;
/// Characters of a cell, by the format.
const TEXT_MAX: usize = 32_767;

/// Places in `STYLES`.
const MOMENT: u8 = 1;
const DATE: u8 = 2;
const SHARE: u8 = 3;
const HEADING: u8 = 4;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;
const ROOT: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Jagaloket" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const PARTS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd hh:mm:ss"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/><xf numFmtId="10" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>"#;
const SHEET: &str = "xl/worksheets/sheet1.xml";

/// A part that is written whole, as the archive's list at the end has it.
struct Part {
    name: &'static str,
    crc: u32,
    packed: u32,
    bytes: u32,
    offset: u32,
}

/// A workbook that is being written. What each call answers goes out in that order.
pub struct Book {
    parts: Vec<Part>,
    /// How much has gone out.
    offset: u32,
    sheet: DeflateEncoder<Vec<u8>>,
    sheet_offset: u32,
    packed: u32,
    crc: Crc,
    rows: u32,
}

impl Book {
    /// Begins one, with its heading.
    pub fn begin(columns: &[Column]) -> (Book, Vec<u8>) {
        let mut book = Book {
            parts: Vec::new(),
            offset: 0,
            sheet: DeflateEncoder::new(Vec::new(), Compression::default()),
            sheet_offset: 0,
            packed: 0,
            crc: Crc::new(),
            rows: 0,
        };
        let mut out = Vec::new();
        for (name, text) in [
            ("[Content_Types].xml", TYPES),
            ("_rels/.rels", ROOT),
            ("xl/workbook.xml", WORKBOOK),
            ("xl/_rels/workbook.xml.rels", PARTS),
            ("xl/styles.xml", STYLES),
        ] {
            book.whole(&mut out, name, text);
        }
        book.sheet_offset = book.offset;
        // Its sum and lengths are known when it is written: they stand behind it.
        let head = local(SHEET, 0x0808, [0, 0, 0]);
        book.give(&mut out, &head);
        let mut xml = String::from(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>"#,
        );
        // Writing to a String cannot fail.
        let _ = write!(
            xml,
            r#"<col min="1" max="{}" width="20" customWidth="1"/>"#,
            columns.len().max(1)
        );
        xml.push_str("</cols><sheetData><row>");
        for (_, name) in columns {
            text(&mut xml, HEADING, name);
        }
        xml.push_str("</row>");
        book.rows = 1;
        book.pack(&mut out, &xml);
        (book, out)
    }

    /// `false` once a sheet can hold no more.
    pub fn has_room(&self) -> bool {
        self.rows < ROWS_MAX
    }

    pub fn row(&mut self, out: &mut Vec<u8>, cells: &[Cell]) {
        self.rows += 1;
        let mut xml = String::from("<row>");
        for cell in cells {
            match cell {
                Cell::Text(words) => text(&mut xml, 0, words),
                Cell::Number(number) => value(&mut xml, 0, *number),
                Cell::Whole(number) => value(&mut xml, 0, number),
                Cell::Share(share) => value(&mut xml, SHARE, *share),
                Cell::Moment(at, zone) => value(&mut xml, MOMENT, serial(at.local(*zone).naive_local())),
                Cell::Date(date) => value(&mut xml, DATE, serial((*date).into())),
                Cell::None => xml.push_str("<c/>"),
            }
        }
        xml.push_str("</row>");
        self.pack(out, &xml);
    }

    pub fn end(mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.pack(&mut out, "</sheetData></worksheet>");
        let sheet = std::mem::replace(&mut self.sheet, DeflateEncoder::new(Vec::new(), Compression::none()));
        // It writes into memory, which does not fail.
        let rest = sheet.finish().unwrap_or_default();
        self.packed += rest.len() as u32;
        self.give(&mut out, &rest);
        let (crc, bytes) = (self.crc.sum(), self.crc.amount());
        let behind: Vec<u8> = [0x0807_4b50, crc, self.packed, bytes]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        self.give(&mut out, &behind);
        let sheet = Part {
            name: SHEET,
            crc,
            packed: self.packed,
            bytes,
            offset: self.sheet_offset,
        };
        self.parts.push(sheet);
        let begins = self.offset;
        let mut list = Vec::new();
        for part in &self.parts {
            let flags: u16 = if part.name == SHEET { 0x0808 } else { 0x0800 };
            list.extend(0x0201_4b50_u32.to_le_bytes());
            list.extend([20, 0]);
            list.extend(fields(part.name, flags, [part.crc, part.packed, part.bytes]));
            // No comment, one disk, no attributes.
            list.extend([0; 10]);
            list.extend(part.offset.to_le_bytes());
            list.extend(part.name.as_bytes());
        }
        self.give(&mut out, &list);
        let count = (self.parts.len() as u16).to_le_bytes();
        out.extend(0x0605_4b50_u32.to_le_bytes());
        out.extend([0; 4]);
        out.extend([count, count].concat());
        out.extend((list.len() as u32).to_le_bytes());
        out.extend(begins.to_le_bytes());
        out.extend([0; 2]);
        out
    }

    fn whole(&mut self, out: &mut Vec<u8>, name: &'static str, text: &str) {
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        // It writes into memory, which does not fail.
        let packed = encoder
            .write_all(text.as_bytes())
            .and_then(|()| encoder.finish())
            .unwrap_or_default();
        let part = Part {
            name,
            crc: crc.sum(),
            packed: packed.len() as u32,
            bytes: text.len() as u32,
            offset: self.offset,
        };
        let head = local(name, 0x0800, [part.crc, part.packed, part.bytes]);
        self.give(out, &head);
        self.give(out, &packed);
        self.parts.push(part);
    }

    fn pack(&mut self, out: &mut Vec<u8>, xml: &str) {
        self.crc.update(xml.as_bytes());
        // It writes into memory, which does not fail.
        let _ = self.sheet.write_all(xml.as_bytes());
        let packed = std::mem::take(self.sheet.get_mut());
        self.packed += packed.len() as u32;
        self.give(out, &packed);
    }

    fn give(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        self.offset += bytes.len() as u32;
        out.extend_from_slice(bytes);
    }
}

/// What stands before a part.
fn local(name: &str, flags: u16, numbers: [u32; 3]) -> Vec<u8> {
    let mut head = 0x0403_4b50_u32.to_le_bytes().to_vec();
    head.extend(fields(name, flags, numbers));
    head.extend(name.as_bytes());
    head
}

/// Version, flags, way of packing (deflate), the first moment there is, sum and lengths, and the name's length.
fn fields(name: &str, flags: u16, numbers: [u32; 3]) -> Vec<u8> {
    let mut out = 20_u16.to_le_bytes().to_vec();
    out.extend(flags.to_le_bytes());
    out.extend(8_u16.to_le_bytes());
    out.extend([0, 0, 0x21, 0]);
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    out.extend((name.len() as u16).to_le_bytes());
    out.extend([0, 0]);
    out
}

fn value(xml: &mut String, style: u8, number: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = match style {
        0 => write!(xml, "<c><v>{number}</v></c>"),
        style => write!(xml, r#"<c s="{style}"><v>{number}</v></c>"#),
    };
}

/// A text is a text and never a formula, whatever it begins with.
fn text(xml: &mut String, style: u8, words: &str) {
    let _ = write!(xml, r#"<c s="{style}" t="inlineStr"><is><t xml:space="preserve">"#);
    for c in words.chars().take(TEXT_MAX) {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\t' | '\n' | '\r' => xml.push(c),
            // XML has no place for these.
            c if c.is_control() || matches!(u32::from(c), 0xfffe..=0xffff) => xml.push('\u{fffd}'),
            c => xml.push(c),
        }
    }
    xml.push_str("</t></is></c>");
}

/// Days since the format's first one.
fn serial(at: NaiveDateTime) -> f64 {
    let first = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default();
    (at - NaiveDateTime::from(first)).num_milliseconds() as f64 / 86_400_000.0
}
