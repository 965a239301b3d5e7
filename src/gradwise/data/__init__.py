"""Plain data files to arrays: tables, images, series, text; splits; preprocessing fitted on training rows."""
