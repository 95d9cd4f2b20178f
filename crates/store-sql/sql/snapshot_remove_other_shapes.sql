DELETE FROM snapshot WHERE partition = $1 AND (stream, version, shape) IN
(SELECT stream, version, shape FROM snapshot WHERE partition = $2 AND shape <> $3 LIMIT $4)
