SELECT system, unit FROM unit
