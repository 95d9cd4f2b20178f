INSERT INTO text_then (param, text, date, record, partition, grp, exact, began, ended) SELECT param, text, date, record, partition, grp, exact, began, ended FROM text_late
WHERE run = $1 AND (param, text, date, record, partition, grp, exact, began) <= ($2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
