"""Door: backlogs. Reads files of letters, triages them in order, writes reports and tables."""
