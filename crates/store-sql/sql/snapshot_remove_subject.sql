DELETE FROM snapshot WHERE partition = $1 AND subject = $2
