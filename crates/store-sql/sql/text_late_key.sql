SELECT param, text, date, record, partition, grp, exact, began FROM text_late WHERE run = $1 ORDER BY param, text, date, record, partition, grp, exact, began LIMIT 1 OFFSET $2
