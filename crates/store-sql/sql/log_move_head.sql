UPDATE log_partition SET next = $1, moment = $2, bytes = $3, tree = $4 WHERE partition = $5
