DELETE FROM snapshot WHERE partition = $1 AND stream = $2 AND version = $3 AND shape = $4
