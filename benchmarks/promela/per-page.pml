/* SPDX-License-Identifier: MIT */
/*
 * The per-page model as Promela, for spin's pan: the operations of conformance's per-page-model.ts and nothing else.
 * P pages, each shared or private, plugged or not; two devices, each attached or not, with one mapping per page at most.
 *
 *   convert, plug   of each page, to the other state: as it is, or with the map at device 0 or 1 refused     6 P
 *   attach, detach  of each device: as it is, or with the map of one page refused                            2 (P + 1)
 *
 * Every operation can be taken in every state; a refusal of a map that is not made changes nothing of it. After each:
 * mapped is attached AND shared AND plugged. One bit per page in a mask; one atomic step per operation, so that pan's
 * states and transitions are the operations' own.
 *
 * Build with -DP=n for n pages, 1 to 15.
 */
#ifndef P
#define P 3
#endif
#define PAGES ((1 << P) - 1)

int shared = 0;
int plugged = 0;
int mapped0 = 0;
int mapped1 = 0;
bit attached0 = 0;
bit attached1 = 0;

#define DUE (shared & plugged)
#define CHECK assert(mapped0 == (attached0 -> DUE : 0) && mapped1 == (attached1 -> DUE : 0))

/* Turns one bit of `plane`; a page that becomes due is mapped at device 0, then 1, and unmapped at 0 when 1 refuses. */
#define TURN(plane, other, bit_, refuse0, refuse1) \
	d_step { \
		if \
		:: (plane & bit_) -> \
			mapped0 = mapped0 & ~bit_; mapped1 = mapped1 & ~bit_; plane = plane & ~bit_ \
		:: else -> \
			if \
			:: !(other & bit_) -> plane = plane | bit_ \
			:: (other & bit_) && refuse0 && attached0 -> skip \
			:: (other & bit_) && !(refuse0 && attached0) -> \
				if :: attached0 -> mapped0 = mapped0 | bit_ :: else fi; \
				if \
				:: refuse1 && attached1 -> mapped0 = mapped0 & ~bit_ \
				:: else -> \
					if :: attached1 -> mapped1 = mapped1 | bit_ :: else fi; \
					plane = plane | bit_ \
				fi \
			fi \
		fi; \
		CHECK \
	}

/* A device comes and gets all that is due, or nothing when the map of a page in `refused` is refused. */
#define SWITCH(attached_, mapped_, refused) \
	d_step { \
		if \
		:: attached_ -> attached_ = 0; mapped_ = 0 \
		:: !attached_ && (DUE & refused) -> skip \
		:: !attached_ && !(DUE & refused) -> attached_ = 1; mapped_ = DUE \
		fi; \
		CHECK \
	}

#define OF_PAGE(page) \
	:: TURN(shared, plugged, (1 << page), 0, 0) \
	:: TURN(shared, plugged, (1 << page), 1, 0) \
	:: TURN(shared, plugged, (1 << page), 0, 1) \
	:: TURN(plugged, shared, (1 << page), 0, 0) \
	:: TURN(plugged, shared, (1 << page), 1, 0) \
	:: TURN(plugged, shared, (1 << page), 0, 1) \
	:: SWITCH(attached0, mapped0, (1 << page)) \
	:: SWITCH(attached1, mapped1, (1 << page))

init {
	do
	:: SWITCH(attached0, mapped0, 0)
	:: SWITCH(attached1, mapped1, 0)
	OF_PAGE(0)
#if P > 1
	OF_PAGE(1)
#endif
#if P > 2
	OF_PAGE(2)
#endif
#if P > 3
	OF_PAGE(3)
#endif
#if P > 4
	OF_PAGE(4)
#endif
#if P > 5
	OF_PAGE(5)
#endif
#if P > 6
	OF_PAGE(6)
#endif
#if P > 7
	OF_PAGE(7)
#endif
#if P > 8
	OF_PAGE(8)
#endif
#if P > 9
	OF_PAGE(9)
#endif
	od
}
