UPDATE key_subject SET wrapped = NULL, destroyed = $1 WHERE number = $2 AND wrapped IS NOT NULL
