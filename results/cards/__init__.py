"""Cards of the transcript, of lessons and of examination items, as plain data that the browser and the report draw."""
