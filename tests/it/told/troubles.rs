//! What goes wrong: no mail server, a death in the middle, a clock that is set, and events that come late.
