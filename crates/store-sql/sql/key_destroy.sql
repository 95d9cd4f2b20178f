UPDATE key_subject SET wrapped = NULL, destroyed = $2 WHERE number = $1 AND wrapped IS NOT NULL
