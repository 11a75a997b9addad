<<<<<<< HEAD
//! Incidents, recipients and rulings as tables and short stories.

mod people;
mod rulings;
mod stories;
=======
//! Which verdicts are one incident, who is told of it, and when.
>>>>>>> main
