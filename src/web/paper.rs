//! Sheets of A4 as a PDF: lines of text, cells and bars, one under the other, with a new sheet where one is full. The fonts are
//! those that every reader has, so nothing is embedded.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const LEFT: f32 = 50.0;
const BOTTOM: f32 = 56.0;
const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// How a line is set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Plain,
    Bold,
}

pub struct Paper {
    sheets: Vec<Content>,
    /// Where the last line stands, from below.
    y: f32,
}

impl Paper {
    pub fn new() -> Paper {
        Paper {
            sheets: vec![Content::new()],
            y: HEIGHT - 48.0,
        }
    }

    /// Goes down by so much; to a new sheet where that would leave this one.
    pub fn down(&mut self, by: f32) {
        self.y -= by;
        if self.y < BOTTOM {
            self.sheets.push(Content::new());
            self.y = HEIGHT - 60.0;
        }
    }

    pub fn line(&mut self, size: f32, face: Face, text: &str) {
        self.down(size * 1.45);
        self.put(0.0, size, face, text);
    }

    /// A text in lines of at most so many characters.
    pub fn paragraph(&mut self, size: f32, text: &str, chars: usize) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && line.chars().count() + word.chars().count() >= chars {
                self.line(size, Face::Plain, &line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(size, Face::Plain, &line);
    }

    /// Texts side by side, each so far from the left margin.
    pub fn cells(&mut self, size: f32, face: Face, cells: &[(f32, &str)]) {
        self.down(size * 1.6);
        for (x, text) in cells {
            self.put(*x, size, face, text);
        }
    }

    /// On the last line: a frame, filled as far as the share goes.
    pub fn bar(&mut self, x: f32, width: f32, share: f64) {
        let y = self.y - 1.0;
        let filled = width * share.clamp(0.0, 1.0) as f32;
        let sheet = self.sheet();
        sheet.set_fill_gray(0.35);
        sheet.rect(LEFT + x, y, filled, 7.0);
        sheet.fill_nonzero();
        sheet.set_stroke_gray(0.35);
        sheet.set_line_width(0.5);
        sheet.rect(LEFT + x, y, width, 7.0);
        sheet.stroke();
        sheet.set_fill_gray(0.0);
    }

    /// A rule across, under the last line.
    pub fn rule(&mut self) {
        let y = self.y - 4.0;
        let sheet = self.sheet();
        sheet.set_stroke_gray(0.6);
        sheet.set_line_width(0.5);
        sheet.move_to(LEFT, y);
        sheet.line_to(WIDTH - LEFT, y);
        sheet.stroke();
        self.y -= 4.0;
    }

    fn put(&mut self, x: f32, size: f32, face: Face, text: &str) {
        let y = self.y;
        let sheet = self.sheet();
        sheet.begin_text();
        sheet.set_font(if face == Face::Bold { BOLD } else { PLAIN }, size);
        sheet.next_line(LEFT + x, y);
        sheet.show(Str(&encoded(text)));
        sheet.end_text();
    }

    fn sheet(&mut self) -> &mut Content {
        if self.sheets.is_empty() {
            self.sheets.push(Content::new());
        }
        let last = self.sheets.len() - 1;
        &mut self.sheets[last]
    }

    /// The whole file; every sheet says at its foot which it is.
    pub fn finish(mut self, title: &str, language: &str, foot: &str) -> Vec<u8> {
        let count = self.sheets.len();
        for (n, sheet) in self.sheets.iter_mut().enumerate() {
            sheet.begin_text();
            sheet.set_font(PLAIN, 8.0);
            sheet.next_line(LEFT, 30.0);
            sheet.show(Str(&encoded(&format!("{foot} · {}/{count}", n + 1))));
            sheet.end_text();
        }
        let mut numbers = 0;
        let mut next = || {
            numbers += 1;
            Ref::new(numbers)
        };
        let (catalog, tree, about, plain, bold) = (next(), next(), next(), next(), next());
        let sheets: Vec<(Ref, Ref)> = self.sheets.iter().map(|_| (next(), next())).collect();
        let mut pdf = Pdf::new();
        let mut root = pdf.catalog(catalog);
        root.pages(tree).lang(TextStr(language));
        root.viewer_preferences().display_doc_title(true);
        root.finish();
        pdf.document_info(about)
            .title(TextStr(title))
            .creator(TextStr("Jagaloket"));
        pdf.pages(tree)
            .kids(sheets.iter().map(|(page, _)| *page))
            .count(i32::try_from(count).unwrap_or(i32::MAX));
        for (id, font) in [(plain, Name(b"Helvetica")), (bold, Name(b"Helvetica-Bold"))] {
            pdf.type1_font(id)
                .base_font(font)
                .encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        for ((id, content), sheet) in sheets.into_iter().zip(self.sheets) {
            let mut page = pdf.page(id);
            page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT))
                .parent(tree)
                .contents(content);
            page.resources().fonts().pair(PLAIN, plain).pair(BOLD, bold);
            page.finish();
            pdf.stream(content, &sheet.finish());
        }
        pdf.finish()
    }
}

/// As the fonts' encoding has it; what it has not is a question mark.
fn encoded(text: &str) -> Vec<u8> {
    let byte = |c: char| match c {
        ' '..='~' | '\u{a0}'..='\u{ff}' => c as u32 as u8,
        '–' => 0x96,
        '—' => 0x97,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '…' => 0x85,
        _ => b'?',
    };
    text.chars().map(byte).collect()
}
