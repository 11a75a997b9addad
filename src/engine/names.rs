//! Small numbers for names, so that the fold compares numbers. Numbers are given in order of first use and never reused.

use std::collections::HashMap;
use std::sync::Arc;

use super::event::{DeviceId, HandsetId, OfficerId};

macro_rules! ix {
    ($name:ident) => {
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        pub(crate) struct $name(pub u32);
    };
}

ix!(DeviceIx);
ix!(OfficerIx);
ix!(HandsetIx);

impl DeviceIx {
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

impl OfficerIx {
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// A list of names and their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32, foldhash::fast::FixedState>,
}

impl Book {
    fn number(&mut self, name: &Arc<str>) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        number
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn in_order(&self) -> &[Arc<str>] {
        &self.names
    }

    pub fn from_order(names: &[Arc<str>]) -> Book {
        let mut book = Book::default();
        for name in names {
            book.number(name);
        }
        book
    }
}

/// All names of one office.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub devices: Book,
    pub officers: Book,
    pub handsets: Book,
}

impl Names {
    pub fn device(&mut self, id: &DeviceId) -> DeviceIx {
        DeviceIx(self.devices.number(&id.0))
    }

    pub fn officer(&mut self, id: &OfficerId) -> OfficerIx {
        OfficerIx(self.officers.number(&id.0))
    }

    pub fn handset(&mut self, id: &HandsetId) -> HandsetIx {
        HandsetIx(self.handsets.number(&id.0))
    }

    pub fn device_name(&self, ix: DeviceIx) -> &Arc<str> {
        &self.devices.names[ix.at()]
    }

    pub fn device_id(&self, ix: DeviceIx) -> DeviceId {
        DeviceId(self.device_name(ix).clone())
    }

    pub fn officer_name(&self, ix: OfficerIx) -> &str {
        &self.officers.names[ix.at()]
    }

    pub fn officer_id(&self, ix: OfficerIx) -> OfficerId {
        OfficerId(self.officers.names[ix.at()].clone())
    }

    pub fn handset_name(&self, ix: HandsetIx) -> String {
        self.handsets.names[ix.0 as usize].to_string()
    }

    pub fn known_device(&self, id: &str) -> Option<DeviceIx> {
        self.devices.numbers.get(id).map(|number| DeviceIx(*number))
    }

    pub fn known_officer(&self, id: &str) -> Option<OfficerIx> {
        self.officers.numbers.get(id).map(|number| OfficerIx(*number))
    }
}
