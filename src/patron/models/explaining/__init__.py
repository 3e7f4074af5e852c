"""Why a customer is valued as it is: what each input adds to the value of a typical customer, to the last cent."""
