//! Incidents, recipients and rulings as tables and short stories.

mod late;
mod people;
mod rulings;
mod stories;
