//! Exit codes. The table people read is in docs/operating.md and in `jagaloket --help`.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Everything asked for was done; for a running monitor: it was told to stop, and stopped in order.
    Done,
    /// It could not be done; standard error says why.
    Failed,
    /// The command line, the configuration file or a policy is wrong. Starting again does not help.
    Usage,
    /// Done, but some lines were not accepted as events.
    SomeRejected,
    /// The ledger does not fit its own hashes or a head noted before.
    LedgerBroken,
}

impl Exit {
    pub const ALL: [Exit; 5] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::SomeRejected,
        Exit::LedgerBroken,
    ];

    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::SomeRejected => 3,
            Exit::LedgerBroken => 4,
        }
    }

    /// One line for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => "failed; standard error says why",
            Exit::Usage => "the command line, the configuration or a policy is wrong",
            Exit::SomeRejected => "replay: done, but some lines were rejected",
            Exit::LedgerBroken => "ledger verify, backup, restore: the ledger is broken",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
