//! Checks what is tested against given values: custody, and membership in lists.

use cel::common::ast::{Expr, IdedExpr, ListExpr, LiteralValue};

use super::super::event::UsbClass;
use super::super::view::Custody;
use super::check::{Checker, Typed};
use super::tree::{Bool, Compare, Int, ListName, Text};
use super::{instead, nearest};

impl<'a> Checker<'a> {
    pub(super) fn custody_set(&mut self, compare: Compare, values: &[(&IdedExpr, &str)]) -> Typed {
        let words = Custody::ALL.into_iter().map(Custody::as_str);
        let mut set = Some(0u8);
        for (at, value) in values {
            match Custody::ALL.into_iter().find(|custody| custody.as_str() == *value) {
                Some(custody) => set = set.map(|set| set | 1 << custody as u8),
                None => {
                    let message = format!("custody is never \"{value}\"");
                    let help = match nearest(value, words.clone()) {
                        Some(near) => {
                            format!("did you mean \"{near}\"? it is one of in, out, unknown, none_declared, exempt")
                        }
                        None => "it is one of in, out, unknown, none_declared, exempt".to_string(),
                    };
                    self.wrong(at, "impossible-value", message, Some(help));
                    set = None;
                }
            }
        }
        match set {
            None => Typed::Wrong,
            Some(set) => Typed::Bool(Bool::CustodyIn(if compare == Compare::NotEqual { !set } else { set })),
        }
    }

    pub(super) fn is_in(&mut self, value: &'a IdedExpr, list: &'a IdedExpr) -> Typed {
        let Expr::List(items) = &list.expr else {
            return self.is_in_name(value, list);
        };
        match self.any(value) {
            Typed::Custody => {
                let mut values = Vec::new();
                let mut right = true;
                for item in &items.elements {
                    match &item.expr {
                        Expr::Literal(LiteralValue::String(text)) => values.push((item, text.inner())),
                        _ => {
                            self.wrong_type(item, "custody is tested against literal strings".into());
                            right = false;
                        }
                    }
                }
                match self.custody_set(Compare::Equal, &values) {
                    set if right => set,
                    _ => Typed::Wrong,
                }
            }
            Typed::Int(number) => match self.ints(items) {
                Some(numbers) => Typed::Bool(Bool::IntIn(number, numbers)),
                None => Typed::Wrong,
            },
            Typed::Text(text) => {
                let texts: Vec<Option<Text>> = items.elements.iter().map(|item| self.text(item)).collect();
                let Some(texts) = texts.into_iter().collect::<Option<Vec<Text>>>() else {
                    return Typed::Wrong;
                };
                for text in &texts {
                    self.note_text(text);
                    self.seen.boundless |= !matches!(text, Text::Constant(_));
                }
                Typed::Bool(Bool::TextIn(text, texts))
            }
            Typed::Wrong => {
                for item in &items.elements {
                    self.any(item);
                }
                Typed::Wrong
            }
            other => self.wrong_type(value, format!("a string is needed here, this is {}", other.what())),
        }
    }

    fn ints(&mut self, items: &'a ListExpr) -> Option<Vec<Int>> {
        let mut numbers = Some(Vec::new());
        for item in &items.elements {
            match self.any(item) {
                Typed::Int(item) => {
                    self.note_int(&item);
                    if let Some(numbers) = &mut numbers {
                        numbers.push(item);
                    }
                }
                other => {
                    if !matches!(other, Typed::Wrong) {
                        self.wrong_type(item, format!("an int is needed here, this is {}", other.what()));
                    }
                    numbers = None;
                }
            }
        }
        numbers
    }

    /// `"messaging" in workstation.apps`.
    fn is_in_name(&mut self, value: &'a IdedExpr, list: &'a IdedExpr) -> Typed {
        let (text, list_type) = (self.text(value), self.any(list));
        let name = match list_type {
            Typed::List(name) => name,
            Typed::Wrong => return Typed::Wrong,
            other => return self.wrong_type(list, format!("`in` needs a list, this is {}", other.what())),
        };
        let Some(text) = text else {
            return Typed::Wrong;
        };
        if let (ListName::Usb, Text::Constant(class)) = (name, &text)
            && UsbClass::parse(class).is_none()
        {
            let help = instead(class, UsbClass::ALL.into_iter().map(UsbClass::as_str));
            let message = format!("there is no USB class \"{class}\"");
            return self.wrong(value, "impossible-value", message, help);
        }
        self.note_text(&text);
        self.seen.boundless |= matches!(text, Text::Name(_));
        Typed::Bool(Bool::InList(text, name))
    }
}
