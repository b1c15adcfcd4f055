/**
 * Every bound of the product in one place. The unit stands last in each name, and each number has its reason.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

/* Names */
/** As ext4, XFS, APFS and NTFS allow, so that every name can be written back to disk. */
export const nameBytesMax = 255;
/** Deep enough for any real tree, and few enough that a walk's stack stays small. */
export const pathDepthMax = 128;

/* Chunks: FastCDC's published ratios (1/4, 1, 4) around 256 KiB, where per-chunk costs vanish and small edits stay small. */
export const chunkBytesMin = 64 * KiB;
export const chunkBytesAverage = 256 * KiB;
export const chunkBytesMax = 1 * MiB;
/** A sealed chunk is a chunk and its 16-byte authentication tag. */
export const sealedBytesMax = chunkBytesMax + 16;
/** Entries a page of a file record or a manifest holds: 8,192 × 72 bytes fit into one chunk. */
export const recordPageEntriesMax = 8192;
/** What a chunker keeps of a file while it cuts: four of the largest chunks, so that at most a quarter is ever moved. */
export const chunkerBufferBytes = 4 * chunkBytesMax;
/** One read of a file, and about what a thread seals before it looks for messages: a millisecond or two of work. */
export const sealBatchBytes = 1 * MiB;
/** Sealed bytes of large files that go on together, so that they and what is said of them fit into one message (`chunkBundleBytesMax`). */
export const sealedBatchBytesMax = 2 * MiB - 16 * KiB;
/** Sealed bytes of one file that wait for their consumer, and plaintext bytes of one stream that wait for a thread: 5 ms of work hides every hand-over. */
export const sealAheadBytesMax = 4 * MiB;
/** Threads that cut and seal: two keep up with any disk or wire that we mean to serve, and leave the main loop a core. */
export const chunkingThreadsMax = 2;
/** Files and streams that one thread seals by turns: with their buffers they hold about 64 MiB at the most. */
export const chunkingFilesPerThreadMax = 8;
/** Single chunks handed to one thread at once: 32 MiB at the most. */
export const chunkingCallsPerThreadMax = 32;
/** Files, and single chunks, that wait for their turn; chunks of the average size are 128 MiB. A caller beyond that is told `busy`. */
export const chunkingWaitingMax = 512;

/* Passwords and logins */
/** Shorter passwords are guessed even through argon2id … */
export const passwordCharactersMin = 10;
/** … and longer ones are a file given by mistake. */
export const passwordCharactersMax = 256;
/** `aaaaaaaaaa` is long, and no password. */
export const passwordDifferentMin = 5;
/** A user's name of at least this many letters may not be part of its password; shorter ones are part of any sentence. */
export const passwordNameCharactersMin = 3;
/** argon2id's memory and passes (RFC 9106, second recommended option): about 200 ms for whoever logs in, and as much for each guess. */
export const passwordMemoryKiB = 64 * 1024;
export const passwordPasses = 3;
/** Passwords that one process hashes at once: 128 MiB. */
export const passwordThreadsMax = 2;
/** … and that wait for their turn: a few seconds of work. */
export const passwordsWaitingMax = 16;
/** Logins with a wrong password for one user from one peer at once: a person's typing mistakes … */
export const loginTriesMax = 5;
/** … then one in so long: 8,640 guesses a day. */
export const loginTryMs = 10_000;
/** The same for one user from all peers together … */
export const loginTriesOfNameMax = 20;
export const loginTryOfNameMs = 3_000;
/** … and for one peer, whoever it tries to be: a machine with many people, and no list of names. */
export const loginTriesOfPeerMax = 100;
export const loginTryOfPeerMs = 1_000;
/** Users, and peers with users, whose tries a leader remembers; the one not tried for longest makes room. */
export const loginTriesRememberedMax = 20_000;
/** An answer to a login comes no earlier than this: longer than any way of finding it takes, so that its time tells nothing. */
export const loginAnswerMs = 20;
/** A login is remembered on a machine for this long at the most. */
export const rememberMsMax = 90 * 24 * 60 * 60_000;

/* Catalogue */
/** Operations in one command: at about 500 bytes each a full batch still fits into one control frame. */
export const batchOperationsMax = 256;
/** Why a command was refused: a sentence or two. */
export const refusalBytesMax = 1 * KiB;
/** Bytes of one command: a batch of the most operations with long names. */
export const commandBytesMax = 512 * KiB;
/** Bytes of a command besides its operations: ids, numbers, the names of its fields and a signature come to less than half. */
export const commandFrameBytes = 1024;
/** Names that have ended which one page of the past looks through: a page of a directory with many takes tens of milliseconds, not seconds. */
export const pastEntriesScannedMax = 10_000;
/** Rows a page of a query returns at the most. */
export const pageRowsMax = 500;
/** Sessions that the catalogue remembers; the one unused for longest makes room for a new one. */
export const sessionsMax = 10_000;
/** Sealed attributes of one revision or directory: times, mode and the reference to the content, with room to grow. */
export const attributesBytesMax = 4 * KiB;
/** Keys of one directory or file: each is 32 bytes of its sealed attributes, and somebody loses a share for each. */
export const keyGenerationsMax = 64;
/** A share as the catalogue keeps it: a full keyring, a name of 255 bytes, a signature, and what sealing adds. */
export const sharedKeyringBytesMax = 3 * KiB;
/** Users that one directory or file is shared with: when it gets a new key, one operation renews all of them. */
export const sharesPerNodeMax = 100;
/** Shares that one user gives: a page or two for whoever lists them. */
export const sharesPerUserMax = 1_000;
/** Shares that a user is shown: far more than anybody looks through, and few MiB. */
export const sharesListedMax = 10_000;
/** Users that are looked up at once for a list of shares. */
export const usersLookedUpMax = 8;
/** Owners of spaces for whom a key is kept that seals what they can read of the past: few are written to at a time. */
export const pastSealersMax = 100;
/** Shared files that are looked up at once to list what a user shares. */
export const sharesOpenedMax = 8;
/** A sealed name: the longest name and its 16-byte authentication tag. */
export const nameTokenBytesMax = nameBytesMax + 16;
/** Bytes of tokens and attributes in one page of a directory, so that the page fits into one control frame. */
export const pageBytesMax = 768 * KiB;
/** Members of one network: a group's own machines, and all of them fit into one page. */
export const peersMax = 500;
/** A peer id as text: an Ed25519 key's has 52 characters. */
export const peerIdBytesMax = 64;
/** A peer's name, as long as a host's may be. */
export const peerNameBytesMax = 63;
/** Addresses of one peer: every interface of a machine, in both families, over both transports. */
export const peerAddressesMax = 16;
/** One multiaddr as text: a long host name, a port and a peer id. */
export const addressBytesMax = 256;
/** A zone is a short label such as `cellar` or `eu-west`. */
export const zoneBytesMax = 63;
/** Invites that wait to be used: more than one a machine is a mistake or an attack. */
export const openInvitesMax = 1_000;
/** One invite as text: the most addresses at their longest would still fit. */
export const inviteCharactersMax = 8_192;
/** File keys in one order that ends a lease: 500 keys are 17 KiB. */
export const leaseKeysMax = 500;
/** An ended lease is remembered this long; nobody commits an upload a week after it was given up. */
export const endedLeaseMs = 7 * 24 * 60 * 60_000;
/** Memory in which the catalogue keeps pages of its database: about 100,000 files with their indexes. */
export const catalogueCacheBytesMax = 64 * MiB;
/** Pages of 4 KiB in the catalogue's write-ahead log before they are folded into the database: the loop stands still for some 15 ms; with half as many for 10, and more is written in all. */
export const catalogueLogPagesMax = 2_000;
/** … or, for a large catalogue, so many times the size of its page sums, which each fold writes anew. */
export const pageSumsWriteShare = 8;
/** What one read of the catalogue's files fetches to check them: a millisecond of work. */
export const pageReadBytes = 1 * MiB;
/** Commands that wait to be committed; further ones are answered `busy`. */
export const waitingCommandsMax = 1_024;
/** Bytes of the commands that wait: 32 of the largest. */
export const waitingCommandBytesMax = 16 * MiB;
/** Commands in one transaction: enough to share a flush, few enough that the event loop is not held for long. */
export const groupCommandsMax = 256;
/** Bytes of the commands in one transaction, unless one alone is larger: about 2,000 files. */
export const groupCommandBytesMax = 1 * MiB;
/** What the log keeps in the catalogue beside the applied index: a term, and 64 members with an id each, ten times over. */
export const logMarkBytesMax = 64 * KiB;
/** Public keys kept ready for use: those of every peer and of as many users, 1 MiB or so. */
export const publicKeysReadyMax = 1_000;
/** Users that the catalogue remembers, those included who have ended and whose files are still kept: a large company. */
export const usersMax = 10_000;
/** A user's name, as long as a login name may be. */
export const userNameBytesMax = 32;
/** A user's root key under a password: 32 bytes, a nonce and a tag, with room to grow. */
export const wrappedKeyBytesMax = 128;
/** Administrators that a refusal names: whoever reads it needs one of them. */
export const administratorsNamedMax = 5;
/** Users whose rows are kept in memory while commands are applied: some 100 KiB. */
export const usersKnownMax = 1_000;
/** Directories whose rows are kept in memory while commands are applied: those that are being filled, some 200 KiB. */
export const directoriesKnownMax = 1_000;
/** Files that one order ends because their time is over: a batch of some 30 ms, after which other commands have their turn. */
export const expiryBatchMax = 1_000;
/** Copies of a file at the most, and so links of a chain that are full: every further one costs as much as the first. */
export const copiesMax = 5;
/** Shelves at the most: one for each peer, and those of peers that were removed and whose files live on. */
export const shelvesMax = 1_000;
/** Other revisions and removed files stay this long at the most: a century. */
export const retainMsMax = 100 * 365 * 24 * 60 * 60_000;
/** Links of a chain at the most: those that are there, those that are being filled, and those that come back. */
export const chainLinksMax = 8;
/** Rows that one collecting command looks at or removes: small enough to apply within milliseconds. */
export const collectBatchMax = 500;
/** Copies of a file unless the network or its put says otherwise: any one machine may burn. */
export const copiesDefault = 2;
/** Newest revisions that every file keeps unless the network says otherwise: the mistakes of a day can be taken back. */
export const retainRevisionsDefault = 10;
/** … and at the most: one command sets as many rows free when a file with an older rule changes. */
export const retainRevisionsMax = 1_000;
/** Other revisions and removed files are kept this long unless the network says otherwise: a month to notice what is missing. */
export const retainMsDefault = 30 * 24 * 60 * 60_000;

/* Wire */
/** One control message: a page of rows or a batch of operations, with room to spare. */
export const controlFrameBytesMax = 1 * MiB;
/** Memory that a frame gets when its length is known; it doubles as the frame comes. */
export const frameBytesFirst = 64 * KiB;
/** What is read from a socket in one go: four records of TLS. */
export const socketReadBytes = 64 * KiB;
/** One message of the chunk protocol: as many chunks as go together, and what is said of them before they begin. */
export const chunkFrameBytesMax = 2 * MiB + 1 * KiB;
/** Chunk requests in flight on one stream: 8 × 2 MiB covers the delay of any link that we mean to serve. */
export const chunkRequestsInFlightMax = 8;
/** Chunk ids in one `have` question: 32 KiB of digests. */
export const haveIdsMax = 1024;
/** Calls that one peer may have running on another at once; more are answered `busy`. */
export const rpcCallsInFlightMax = 256;
/** Items or pieces of input that an RPC call may have on the way in each direction: enough to hide the delay of a link. */
export const rpcCreditItems = 32;
/** Bytes that an RPC call carries in one item or piece of input. */
export const rpcPieceBytesMax = 256 * KiB;
/** No call runs longer than this, whatever its caller asks for: a day, for the longest transfer. */
export const rpcDeadlineMsMax = 24 * 60 * 60_000;
/** File keys in one announcement or lookup: 500 keys are 16 KiB. */
export const holderKeysPerMessageMax = 500;
/** Holders named for one key in an answer: more would not make a get faster, and 500 × 8 peer ids stay below a control frame. */
export const holdersPerKeyMax = 8;
/** Peers that keep the holders of one key: with 8, seven may be away at once; k = 20 only more than doubles the messages. */
export const holderReplicas = 8;
/** Holders with which a lookup is content at once: three sources already fill a link. */
export const holdersWanted = 3;
/** Peers asked at once about one key: Kademlia's alpha. */
export const holderAsksPerKeyMax = 3;
/** Announcements under way at once: enough to hide a slow peer, few enough to leave the wire to the data. */
export const announceSendsMax = 8;
/** Keys without a holder for which one lookup walks the network: beyond it the catalogue is the cheaper answer. */
export const holderDiscoveriesMax = 4;
/** Peers of one bucket of the finger table: with 20 none of 300 simulated peers was missed, with 8 some were. */
export const fingersPerBucketMax = 20;
/** Kademlia streams that one connection may have open to us: a burst of queries, where the default resets the 33rd. */
export const kadStreamsMax = 256;

/* Consensus */
/** Data of one append: one command of the largest size, and batches of small ones well below a control frame. */
export const raftAppendBytesMax = 512 * KiB;
/** Appends in flight to one member: 64 small batches cover the delay of any link, and memory stays at 32 MiB a member. */
export const raftAppendsInFlightMax = 64;
/** Data of proposals that have not committed: a leader that lost its quorum must refuse before it runs out of memory. */
export const raftUncommittedBytesMax = 32 * MiB;
/** Data of the committed entries that one turn of the driver applies: large enough for speed, small enough to keep ticking. */
export const raftApplyBytesMax = 1 * MiB;
/** Messages that wait for the disk before they may leave: a full window to every member; more are lost, as on any network. */
export const raftOutboxMessagesMax = 4096;
/** Reads that wait for their confirmation at one member: as many calls as 16 busy peers may have running. */
export const raftReadsPendingMax = 4096;
/** Entries that a learner may lag behind when it is promoted: less than a second of writes at full speed. */
export const raftPromoteLagEntriesMax = 1000;
/** Voters and learners of one group: five coordinators and everybody who may ever replace one, and still one small page. */
export const raftMembersMax = 64;
/** What a configuration change may carry of its own: a peer id and a few addresses. */
export const raftConfigContextBytesMax = 4 * KiB;

/** Numbers of members whose peers a group remembers: those of today, and many more that left. */
export const groupPeersKnownMax = 256;
/** One tick of the group's clock. */
export const groupTickMs = 20;
/** A leader's heartbeat, every 60 ms: five of them fit into the shortest election timeout. */
export const heartbeatTicks = 3;
/** The shortest election timeout, 300 ms: a busy machine's pauses are shorter, and a dead leader is replaced within 0.6 s. */
export const electionTicks = 15;
/** Without a leader for this long, reads and writes fail at once; an election takes a fraction of it. */
export const noQuorumAfterMs = 3_000;
/** A member that was not heard of for this long counts as silent: many heartbeats. */
export const memberSilentMs = 1_000;
/** A leader that is told to stop waits this long for another to lead: a handover takes a few milliseconds. */
export const handOverMs = 1_000;
/** Entries that are applied in one transaction: their time is the longest that the loop waits. */
export const applySliceEntriesMax = 256;
/** Entries that the log may hold before its older half is compacted: some minutes of full load, and a fast restart. */
export const compactAfterEntries = 100_000;
/** The fewest of them that an operator may set: compaction is worth its work only for a good number. */
export const compactAfterEntriesMin = 100;
/** A log that is compacted early has smaller segments, for only whole ones can go: this many bytes for each entry that it may hold … */
export const groupSegmentBytesPerEntry = 100;
/** … and never smaller than this. */
export const groupSegmentBytesMin = 4 * KiB;
/** Messages to a member that wait for their stream; more are lost, as on any network. */
export const groupQueueBytesMax = 16 * MiB;
/** A member that could not be reached is dialled again after this. */
export const groupRedialMs = 250;
/** News of the commit index alone waits this long for entries to go along with: no read notices. */
export const commitNewsHeldMs = 5;
/** What was applied is committed to the database after this long: a crash repeats as much from the log, and pages are written once … */
export const commitDelayMs = 100;
/** … or once there are so many entries. */
export const uncommittedEntriesMax = 1024;
/** A follower gathers committed entries for this long before it applies them together … */
export const applyDelayMs = 20;
/** … or until they have this many bytes. */
export const applyBacklogBytesMax = 1 * MiB;
/** A stream to a member of which nothing is heard is opened anew after this long. */
export const groupStreamSilentMs = 2_000;
/** A frame between members: one append with its commands, or one piece of a snapshot. */
export const groupFrameBytesMax = 4 * MiB;
/** A piece of a snapshot: small enough that other calls on the same stream hardly wait. */
export const snapshotPieceBytes = 256 * KiB;
/** A snapshot is given up when no piece of it has arrived for this long. */
export const snapshotStallMs = 15_000;
/** How often a leader looks whether the group should change. */
export const groupReviewMs = 500;
/** A change of the group that is not done by then is planned anew. */
export const groupChangeMs = 10_000;
/** A peer that left the group keeps its vote for this long, in case the others have not all heard of it. */
export const seatRetireMs = 30_000;
/** A coordinator that a full disk stopped looks for room this often. */
export const seatReopenMs = 5_000;
/** One coordinator has this long to answer before the next one is asked: an answer takes milliseconds, an election less than a second. */
export const coordinatorTryMs = 3_000;
/** A coordinator that has not answered by then is not waited for alone: ten times longer than an answer takes on a busy machine. */
export const askNextAfterMs = 500;
/** During an election a call that waits for a leader looks again this often. */
export const electionLookMs = 50;
/** After one coordinator has said that there is no majority, the others get this long to say otherwise. */
export const noQuorumCheckMs = 1_000;
/** An operator's order to the coordinators is waited for this long; it stays in force after that. */
export const coordinatorChangeMs = 60_000;
/** How often the leader looks for files whose time is over: they are gone a second after it, at the latest. */
export const expiryReviewMs = 1_000;

/** Failing links that one heartbeat names: the rest is told when these are replaced. */
export const failingLinksMax = 64;
/** How often the leader looks whether a chain should change. */
export const chainReviewMs = 500;
/** An owner has this long to say how far its links are, before a report goes without. */
export const ownerAskedMs = 2_000;
/** A link of a chain answers a call in milliseconds, and after a disk that stalls in seconds. */
export const linkCallMs = 20_000;
/** While people put and get, copying in the background takes this much of a second at the most … */
export const busyFillBytesPerS = 24 * MiB;
/** … and for so long after the last of their chunks. */
export const userBusyMs = 500;
/** Leases of which a shelf's owner remembers in memory whose they are; an older one is told again by its next renewal. */
export const leasesRememberedMax = 10_000;
/** A peer forgets a shelf that it has no part in any more only after so long: it may be wanted again soon. */
export const trimAfterMs = 30_000;
/** A peer that is being filled tells its log this often how far it is. */
export const fillWatchMs = 2_000;
/** How often a peer looks for shelves to forget. */
export const trimReviewMs = 5_000;
/** How often the leader looks for revisions whose time is over. */
export const collectReviewMs = 1_000;
/** Shelves that are being copied to new links at the same time, in the whole network: repair must leave room for users … */
export const fillsAtOnceMin = 8;
/** … but one for so many peers in a large network, or a repair would take the longer the more peers there are. */
export const peersPerFill = 8;

/* Time */
/** A call that has no deadline of its own ends after this. */
export const callTimeoutMs = 30_000;
/** A dial that takes longer will not succeed on any network that a group of machines shares. */
export const dialTimeoutMs = 5_000;
/** A peer tells the coordinator this often that it is up, and with how much room. */
export const heartbeatMs = 1_000;
/** What the leader said of the peers serves for so long to place files: it hears of each of them no more often itself. */
export const presenceBelievedMs = 1_000;
/** Without a heartbeat for this long a peer is suspected: not chosen for new files. */
export const suspectAfterMs = 5_000;
/** Without a heartbeat for this long a peer is down: reads go elsewhere. */
export const downAfterMs = 15_000;
/** Without a heartbeat for this long a peer is out, and its work is given to others: longer than a restart or an update takes. */
export const outAfterMs = 10 * 60_000;
/** An upload's chunks wait this long for their commit, counted from its last sign of life. */
export const leaseMs = 10 * 60_000;
/** A holder's announcement counts for this long: a day, as in the Kademlia implementations in use. */
export const holderRecordMs = 24 * 60 * 60_000;
/** Announcements are renewed when this much of their time is left, so that one missed round does no harm. */
export const holderRenewBeforeMs = 8 * 60 * 60_000;
/** What a lookup found is believed for this long before it is asked again. */
export const holderCacheMs = 5 * 60_000;
/** A peer that has not told its holder records by then is not worth waiting for: the catalogue knows them too. */
export const holderAskMs = 2_000;
/** The finger table gives up on a lookup after this: two rounds of silent peers and a walk. */
export const holderLookupMs = 5_000;
/** A peer that is silent for this long gets company: the next peers are asked beside it. */
export const holderHedgeMs = 300;
/** One announcement: a dial, and 500 rows on a busy disk. */
export const announceSendMs = 10_000;
/** First pause after an announcement failed; each further one doubles it. */
export const announceRetryMsMin = 1_000;
/** Longest pause after announcements failed: a peer that comes back has its records again within it. */
export const announceRetryMsMax = 10 * 60_000;
/** What comes to be announced within this time is announced together: a put of many files needs a message a peer, not one a file. */
export const announceGatherMs = 250;
/** Peers often appear together: their arrival is answered once, after this much time. */
export const fingersSettleMs = 500;
/** Connected peers that the finger table lacks are taken in this often: a handshake on a busy machine may have been too slow. */
export const fingersTendMs = 30_000;
/** Expired holder records are swept this often; until then they are only not shown. */
export const holderSweepMs = 60_000;
/** Every chunk is hashed anew about this often: disks forget over months, not over days. */
export const scrubIntervalMs = 30 * 24 * 60 * 60_000;
/** A scrub looks at the clock this often at least, for it may be set. */
export const scrubLookMs = 60 * 60_000;
/** How far a scrub came is written down this often: a restart repeats a minute's work. */
export const scrubSaveMs = 60_000;
/** Missing chunks are looked for elsewhere this often … */
export const mendMs = 60_000;
/** … and, while nobody has any of them, ever less often, down to this. */
export const mendRetryMsMax = 60 * 60_000;
/** Each link challenges another one of each of its shelves this often: a peer that only pretends is found within the hour. */
export const challengeMs = 10 * 60_000;
/** A shelf's owner drops what the catalogue gave up this often. */
export const collectMs = 30_000;
/** A shelf's whole set is compared with the catalogue this often, and whenever it has a new owner. */
export const sweepMs = 7 * 24 * 60 * 60_000;
/** A sweep rests this long between two steps, so that users do not notice it: 1,000,000 records take three minutes. */
export const sweepPauseMs = 50;
/** What upkeep could not do is tried again after this. */
export const upkeepRetryMs = 60_000;
/** An owner and the other links compare what they have this often: one message where all is well. */
export const verifyMs = 60_000;
/** A link of a chain that fails for longer loses its claim, and puts go on without it: longer than a lost connection, shorter than a person's patience. */
export const linkPatienceMs = 2_000;
/** A chunk is offered to a busy link for so long: less than after which a silent link fails. */
export const linkBusyMs = 4_000;
/** A link that owes answers and gives none for this long fails, whatever its calls' own deadlines are. */
export const linkSilenceMs = 5_000;
/** A link that failed is tried again after this … */
export const linkRetryMsMin = 50;
/** … then twice as long each time up to this. */
export const linkRetryMsMax = 2_000;
/** A filling that could not make a link equal compares again after this, and then ever later up to the second. */
export const fillRetryMsMin = 1_000;
export const fillRetryMsMax = 60_000;
/** A claim that could not be reported is reported again after this. */
export const claimRetryMs = 1_000;

/* Stores */
/** One segment file: large enough for sequential speed, small enough to compact in a moment. */
export const segmentBytesMax = 64 * MiB;
/** Chunks that share one flush to disk at the most: some packs of small files, which the index takes in tens of milliseconds. */
export const flushGroupChunksMax = 2048;
/** Space that a store leaves free, so that the catalogue can still vote and delete on a full disk. */
export const reservedBytes = 64 * MiB;
/** Holder records that a peer keeps for others: 1,000,000 keys are about 100 MiB on disk. */
export const holderRecordsMax = 1_000_000;
/** Of those, records of one announcing peer: a quarter; when all are in use, whoever has most gives way first. */
export const holderRecordsPerPeerMax = 250_000;
/** Keys whose holders are remembered in memory after a lookup. */
export const holderCacheKeysMax = 10_000;
/** Bytes of chunks that share one flush: enough to hide its cost; with more the kernel spends twice the CPU on the same bytes. */
export const flushGroupBytesMax = 2 * MiB;
/** While large chunks come one after the other, a flush waits until it has so many bytes: one for each chunk costs as much CPU again as writing it … */
export const flushGroupBytesWanted = 1 * MiB;
/** … but no longer than this, which at 300 MB/s is three chunks. */
export const flushGatherMs = 2;
/** Chunks are large from here on. */
export const flushGatherChunkBytesMin = 64 * KiB;
/** Bytes of chunks that wait for a flush; further puts wait outside, so that slow disks do not fill the memory. */
export const storeQueueBytesMax = 64 * MiB;
/** Pages that a store remembers after it has stored them, until their records are added: those of some packs, half a MiB. */
export const recentPagesMax = 4096;
/** A longer page belongs to a large file, whose reading costs more than its page's. */
export const recentPageBytesMax = 128;
/** By how much a peer's heap may outgrow what was alive in it before dead memory is looked for: left alone V8 lets it come to several times as much, 100 MiB while small files go through. With 40 that takes a sixth more CPU. */
export const heapGrowthPercent = 100;
/** Pages of 4 KiB that a database's write-ahead log has before they are moved into the database, which flushes both while everything waits: rows of small files change the same pages again and again. */
export const sqlLogPages = 4000;
/** Leases whose rows a store has at hand: more uploads at once look some of them up again. */
export const leasesKnownMax = 256;
/** Index rows that the store changes in one go, a few milliseconds, before the main loop gets its turn. */
export const storeRowsPerTransactionMax = 512;
/** Segment files that a store keeps open for reading: 4 GiB of chunks that are at hand without opening a file. */
export const openSegmentsMax = 64;
/** Chunks that a store reads in one go where they lie close together: with their headers and gaps fewer pieces than the system takes. */
export const chunksPerReadMax = 256;
/** … over at most this much in between, which costs less to read than another call. */
export const gapReadBytesMax = 4 * KiB;
/** File records that a store adds or releases at once, in one entry of its log: their keys are 32 KiB. */
export const recordsPerNoteMax = 1024;
/** Damaged pieces that a store sets aside before it only counts them: 1 GiB at the most. */
export const quarantineFilesMax = 1000;
/** Bytes that are kept of one damaged piece: a whole chunk and its header. */
export const quarantinePieceBytesMax = sealedBytesMax + 1 * KiB;
/** A segment is rewritten when more than this share of it is dead: then each byte written frees at least one. */
export const segmentDeadShareMax = 0.5;
/** The segment that is being written is closed early when it has that many dead bytes: fewer are not worth a new file. */
export const segmentSealDeadBytesMin = 1 * MiB;
/** Segments that are wholly dead and that one step of compaction removes: each costs a flush of the index and of the folder. */
export const compactedSegmentsMax = 8;
/** What a scrub reads in one go: several small chunks, or a few large ones, and a millisecond of hashing. */
export const scrubReadBytesMax = 2 * MiB;
/** Chunks that a scrub looks up in the index at once. */
export const scrubRowsMax = 256;
/** Changes of a shelf that a store remembers, so that a link that was away is sent only what came since: 3 MiB of its index. */
export const shelfChangesKept = 65_536;
/** Epochs of a shelf whose beginnings a store remembers: a link that was away for longer is compared by digests. */
export const shelfEpochsKept = 100;
/** Expired holder records deleted in one step: some 20 ms, after which other work has its turn. */
export const holderSweepRowsMax = 1_000;
/** File keys that one round of announcing works on: four full messages a peer, less than 1 MiB of memory. */
export const announceBatchKeysMax = 2_000;
/** Peers whose silence is remembered, so that they are asked last: more than a peer has connections. */
export const peersRestingMax = 1_000;
/** Peers that are remembered to have our announcements; when there are more, all are told again. */
export const fingersKnownMax = 10_000;
/** Holder records shown by `fingers`: a screen of them. */
export const holderSampleMax = 20;
/** One step of a scrub: some 20 ms of hashing, after which other work has its turn. */
export const scrubStepBytes = 8 * MiB;
/** A scrub that is late reads this much in a second at the most: a fifth of what one hard disk gives. */
export const scrubBytesPerSMax = 32 * MiB;
/** Missing chunks that one step of mending looks at: 8 KiB of digests. */
export const missingPerStep = 256;
/** Missing chunks that are fetched at once: 8 MiB of memory at the most. */
export const mendsAtOnceMax = 8;
/** Missing chunks that a report names, and up to which each is looked for in its own shelves: a screen or two. */
export const missingShownMax = 100;
/** Records that a report names for one missing chunk. */
export const missingRecordsShownMax = 8;
/** The shortest range that one link challenges another on: no hash of it can be kept in place of its bytes. */
export const challengeRangeBytesMin = 64;
/** The longest one: hashing it takes well below a millisecond. */
export const challengeRangeBytesMax = 64 * KiB;
/** Records of which one is chosen for a challenge. */
export const challengeRecordsLooked = 16;
/** Chunks of a record of which one is chosen for a challenge. */
export const challengeChunksLooked = 64;
/** Space is given back when more than this share of the segments is dead … */
export const deadShareMax = 0.08;
/** … until no more than this share is: each byte that is freed costs some 24 written ones at the worst. */
export const deadShareGoal = 0.04;
/** … and not for less than this, which is nothing beside one segment. */
export const deadBytesMin = 4 * MiB;
/** Bytes of new chunks on their way from a shelf's owner to one other link: 8 of the largest hide the delay of any link that we mean to serve. */
export const forwardWindowBytes = 16 * MiB;
/** Bytes of chunks on their way to a link that is being filled: it hides the delay, and memory stays small with several fillings. */
export const fillWindowBytes = 16 * MiB;
/** … and chunks at the most: small ones would otherwise wait in their thousands for the same streams. */
export const chunksOnTheWayMax = 64;
/** Chunks that a filling asks for in one question: 8 KiB of digests. */
export const fillPinChunks = 256;
/** Records of each side in one step of a filling, so that what makes them equal fits into one call; one flush for all of it. */
export const fillStepRecords = 250;
/** Steps of a filling under way at once: while one waits for its flush, the others send. */
export const fillStepsAtOnceMax = 4;
/** Chunks that a filling pins under one lease before it takes another, so that pins do not pile up. */
export const fillLeaseChunks = 4_096;
/** Batches of changes that wait for one link; a link that is further behind is begun with anew and catches up. */
export const linkQueueMax = 1_024;
/** Records that a peer which is no link any more forgets in one step: one note in its store's log. */
export const trimStepRecords = 500;

/** One segment of the consensus log: a few seconds of writes at full speed, read back in a moment, and given back soon. */
export const raftSegmentBytesMax = 16 * MiB;
/** Newest entries of the log that stay in memory: what members that are not far behind are sent, without the disk. */
export const raftCacheBytesMax = 8 * MiB;
/** One record of the log: all that may be uncommitted at once, as the smallest commands there are, with their heads. */
export const raftRecordBytesMax = 128 * MiB;
/** Zeros written behind the log's end, so that the next records change no file size: that saves a fifth and more of each flush. */
export const raftZerosAheadBytes = 256 * KiB;
/** What one read of the log fetches when members need older entries: hundreds of small records, or one of the largest commands. */
export const raftReadAheadBytes = 1 * MiB;
/** Data of one entry: the largest command and its time. */
export const raftEntryBytesMax = commandBytesMax + 1 * KiB;
/** One message of the group: a full append of the smallest commands there are, with their heads. */
export const raftMessageBytesMax = 2 * MiB;
/** What a snapshot message may carry: what it takes to find and check the state, never the state itself. */
export const raftSnapshotDataBytesMax = 64 * KiB;
/** A snapshot of the state: 100,000,000 files are about 50 GiB. */
export const snapshotFileBytesMax = 64 * 1024 * MiB;
/** What is read of a snapshot at once, to hash it or to send it on. */
export const snapshotReadBytesMax = 1 * MiB;

/* Connections */
/** libp2p connections in all: one to every member of the largest network, strangers, and pairs that dialled each other at once; some 100 KiB each. */
export const connectionsMax = 600;
/** Connections of one peer: both ends may dial at the same time, and those of before a restart end a little later. */
export const connectionsPerPeerMax = 8;
/** Handshakes under way at once: more than a group of machines needs, less than an attacker wants. */
export const pendingConnectionsMax = 64;
/** … and from one address: a whole group behind one router may start at once, and still it leaves room for others. */
export const pendingConnectionsPerAddressMax = 16;
/** Connections of peers that are not members yet and may only join. */
export const strangerConnectionsMax = 8;
/** … and from one address: several machines of one household may join at once, and others still get in. */
export const strangersPerAddressMax = 4;
/** Calls a second to the join protocol, of all strangers together: each may cost the coordinators a commit. */
export const joinCallsPerSecondMax = 10;
/** … and after a pause: what a few machines need that join at once. */
export const joinCallsBurst = 40;
/** Calls a second that one member may make here: several times what a peer asks of a coordinator when 32 callers commit through it at full speed. */
export const memberCallsPerSecondMax = 5_000;
/** … and after a pause: a queue that piled up while this peer was away. */
export const memberCallsBurst = 10_000;
/** Calls of one member that are under way here at once, over all its channels: what two full channels have. */
export const memberCallsInFlightMax = 512;
/** Calls under way at once over the control socket, of all shells and scripts together: eight for each of them. */
export const controlCallsInFlightMax = 1_024;
/** A frame that was begun ends within this: the largest one takes half a minute over 1 Mbit/s. */
export const frameStallMs = 120_000;
/** Bytes that a socket may hold unsent before it is given up: all answers in flight, and some; a reader that is merely slow holds its writers back earlier. */
export const socketBufferBytesMax = 32 * MiB;
/** A stream or lane over which nothing went for this long ends, and the next call opens another one; a call that is answered only in the end, such as the offer of a snapshot, may take about as long. */
export const channelIdleMs = 60 * 60_000;
/** Handshakes of lanes under way at once: a key is at hand when one begins, so they take milliseconds. */
export const lanePendingMax = 64;
/** … and from one address, so that a machine without keys cannot keep all others from their lanes. */
export const lanePendingPerAddressMax = 16;
/** Chunks that a peer reads and sends at once: what two busy links have in flight, so that disk and line are never idle. */
export const chunkReadsRunningMax = 32;
/** An answer whose asker does not take it by then counts as sent, so that others are served. */
export const answerSendMs = 1_000;
/** A chunk that would wait longer for its turn is refused: another holder, or a pause, serves its asker better. */
export const chunkReadWaitMsMax = 500;
/** Chunks to read that wait at once: some KiB of requests, and far more than are read in that time. */
export const chunkReadsWaitingMax = 4_096;
/** Chunks that a peer stores at once: they share a flush. */
export const chunkWritesRunningMax = 64;
/** A chunk that would wait longer to be stored is refused: it lies in memory meanwhile, and is sent again. */
export const chunkWriteWaitMsMax = 2_000;
/** Bytes of chunks that wait to be stored: more is refused, whatever it would wait. */
export const chunkWritesWaitingBytesMax = 64 * MiB;
/** Reads of the catalogue that are under way at once at a coordinator: they share their questions to the leader. */
export const catalogueReadsRunningMax = 128;
/** A read of the catalogue that would wait longer is refused: less than after which a caller asks the other coordinators too. */
export const catalogueReadWaitMsMax = 200;
/** Reads of the catalogue that wait at once: as many calls as eight busy members may have running. */
export const catalogueReadsWaitingMax = 4_096;
/** What a peer does at once for others should be done in so long: what waits can still be refused or dropped, what runs can not. */
export const workRunMsMax = 100;
/** Reads that a coordinator is asked for at once by one peer: more than any commands at work there make. */
export const catalogueQuestionsMax = 64;
/** A read that would wait longer until a coordinator may be asked is refused, and tried again later. */
export const catalogueQuestionWaitMsMax = 100;
/** When to come back, as a busy peer says it: not sooner, for asking costs it something … */
export const busyRetryMsMin = 20;
/** … and not later, for nobody knows what is in some seconds. */
export const busyRetryMsMax = 2_000;
/** A peer that says to come back later than this is asked again then. */
export const busyHoldMsMax = 5_000;
/** A read is asked again for so long while all who could answer are busy; then the caller is told. */
export const busyPatienceMs = 20_000;
/** Lanes that one peer has open here: each protocol's two or three, and those that are just ending. */
export const lanesPerPeerMax = 32;
/** A stranger that has not joined by then is disconnected. */
export const strangerConnectionMs = 15_000;

/* Shell */
/** One script, from a file, stdin or `-c`: a thousand pages of commands; anything longer is a file given by mistake. */
export const scriptBytesMax = 1 * MiB;
/** Scripts that run each other by `source`, one in the other: more is one that runs itself. */
export const scriptDepthMax = 32;
/** Words of one `test`: nobody types more, and brackets in brackets stay far from the end of the stack. */
export const conditionWordsMax = 1000;
/** The longest `sleep`: what Node's timers can count. */
export const sleepMsMax = 2 ** 31 - 1;
/** What is read of a password file: a password's 256 characters fit four times. */
export const passwordFileBytesMax = 4 * KiB;
/** A login is remembered for this long unless told otherwise: a working day. */
export const loginRememberedMs = 12 * 60 * 60_000;
/** Paths that one glob may expand to: more than anybody types for, and about 10 MiB of names. */
export const globMatchesMax = 100_000;
/** Lines that the prompt remembers, as the common shells do by default. */
export const historyLinesMax = 1000;
/** A file of history that is being shortened for so long was left by a shell that was killed. */
export const historyRewriteMsMax = 60_000;
/** Characters of one line at the prompt: a pasted page fits, a pasted file is refused. */
export const inputCharactersMax = 16 * KiB;
/** Aliases of one shell, and characters of one: more than anybody remembers, and a whole long command. */
export const aliasesMax = 1000;
export const aliasCharactersMax = 4 * KiB;
/** The prompt looks behind a typed line when no key came for so long: nobody notices, and a quick typist costs one look. */
export const lookupDelayMs = 60;
/** And no longer than this: a colour that comes later disturbs. */
export const lookupMs = 1000;
/** Paths of one line that are looked up: more than one sees at a glance. */
export const lookupPathsMax = 16;
/** How often the prompt asks for the network's health, and how long one answer may take. */
export const healthRefreshMs = 10_000;
export const healthCallMs = 5000;
/** Longer than this nobody waits for a Tab. */
export const completionWaitMs = 2000;
/** Keys typed or pasted ahead while a command runs: as long a text as a line takes. */
export const keysAheadMax = 16 * KiB;
/** Lines that Ctrl-R shows below the one that it found. */
export const searchRowsMax = 8;
/** Candidates that one Tab shows at the most: a screenful or two. */
export const completionsMax = 200;
/** Bytes of each of two files that are compared line by line: far more than anybody reads; larger ones are only told to differ. */
export const diffBytesMax = 4 * MiB;
/** Lines that may go and come in one comparison … */
export const diffEditsMax = 10_000;
/** … and how long it may take: who has so different files in front of him learns nothing from a list of lines. */
export const diffTimeMs = 1_000;
/** Redraws of the bars in a second: more only flickers and costs time that the transfer needs. */
export const redrawsPerSecondMax = 8;
/** Bytes of command output gathered before they are written to a pipe or file: one write for hundreds of lines. */
export const outputBufferBytes = 32 * KiB;
/** A command that is cancelled or out of time may tidy up for this long; then the shell goes on without it. */
export const commandStopMs = 1_000;
/** A shell that waits until a peer is drained looks this often how far it is: a person sees it move, and a day of it is no load. */
export const drainLookMs = 250;
/** … and gives up waiting, not the order, when there was no answer for this long: an election takes less than a second. */
export const drainPatienceMs = 60_000;
/** New connections from one address a second: a whole group behind one router may start at once. */
export const inboundConnectionsPerSecondMax = 50;
/** Dials under way at once. */
export const parallelDialsMax = 32;
/** A handshake, and the naming of a protocol on a new stream, take milliseconds; a busy machine gets seconds. */
export const handshakeMs = 10_000;
/** Heartbeats keep a live connection busy; one silent for longer is dead. */
export const socketInactivityMs = 5 * 60_000;
/** Streams of one connection in each direction: a few of each protocol, and Kademlia's short ones. */
export const streamsPerConnectionMax = 512;
/** Streams and lanes of one of our own protocols that one peer may have open here: it needs two or three, and some more while old ones end. */
export const inboundChannelsPerProtocolMax = 16;
/** … and of the chunk protocol: its two, twice over; each may hold eight chunks in memory. */
export const inboundChunkChannelsMax = 4;
/** Members that left of which a peer remembers that it has cut them off: as many as there can be members. */
export const departedPeersMax = 500;
/** A coordinator looks this often whether somebody has left the network … */
export const departureLookMs = 100;
/** … and tells so many members at once, … */
export const departureTellsMax = 64;
/** … each of which has this long to take it in; who misses it learns it by its next heartbeat. */
export const departureTellMs = 1_000;
/** A muxer frame: chunks travel in pieces this large, so that a heartbeat never waits for a whole chunk. */
export const muxerMessageBytesMax = 64 * KiB;
/** A stream starts with room for one chunk in flight … */
export const streamWindowBytes = 1 * MiB;
/** … and grows to what fills a fast link with some delay. */
export const streamWindowBytesMax = 4 * MiB;
/** Bytes that a stream may hold unread or unsent before it is reset: all chunks in flight, and some. */
export const streamBufferBytesMax = 16 * MiB;
/** How often connections are looked at … */
export const pingLookMs = 1_000;
/** … from when on a peer that is quiet is asked for a sign of life … */
export const pingIntervalMs = 2_000;
/** … and a connection over which nothing went for so long, though the peer is heard over lanes: sooner than any firewall forgets it. */
export const pingIntervalMsMax = 60_000;
/** Quiet peers asked in one look, but for those whose failure must be seen soon: 0.3 % of a core at each end, however many peers there are. */
export const pingsPerLookMax = 4;
/** No answer for this long, and the connection is given up; pings wait behind chunks, and a busy machine is late. */
export const pingTimeoutMs = 10_000;
/** Unknown peers at the door for which the coordinator is asked, a second: a flood of strangers must not flood it too. */
export const memberLookupsPerSecondMax = 5;
/** Streams of the chunk protocol to one peer: the second fills the pauses of the first. */
export const chunkStreamsPerPeer = 2;
/** A chunk that takes longer is asked for elsewhere: all that one transfer has in flight takes 100 s over 1 Mbit/s. */
export const chunkRequestMs = 120_000;
/** A stream that owes chunks is looked at this often: long enough for a disk or a line that stalls … */
export const chunkFloorMs = 5_000;
/** … and is left for another, or a new one, where less than this came in that time: a tenth of the slowest line that we mean to serve. */
export const chunkFloorBytes = 64 * KiB;
/** What was measured of a peer's speed counts half after this long without anything asked of it. */
export const speedBelievedMs = 10_000;
/** A chunk is not asked of a second holder sooner: the first answers of new connections take as long. */
export const hedgeMsMin = 100;
/** Chunks of one file that two holders are asked for at once: what the faster one has in flight on a stream. */
export const hedgesPerFileMax = 8;
/** Chunks that are asked of a second holder, of all that came lately: where everybody is slow, for everybody asks too much, more would only take the place of others … */
export const hedgesShareMax = 0.05;
/** … but so many at once, when a holder stops that owes a full window. */
export const hedgesAtOnceMax = 32;
/** A chunk with a deadline is asked for only where it would come within this part of the time that is left: what is let in at the last moment comes too late, and is sent for nobody. */
export const deadlineShareMax = 0.5;
/** A holder that was silent, too slow or wrong is asked after the others for so long: one file, not each, waits for it. */
export const holderSuspectMs = 60_000;
/** Chunks asked for in one question of an upload: a transfer's whole window. */
export const pinBatchChunks = 1024;
/** A file of at most this size goes in a pack with others: what is larger is not held up by what each file costs by itself. */
export const packFileBytesMax = 1 * MiB;
/** Files in one pack: a command full of commits. */
export const packFilesMax = 256;
/** Files in the first pack of a get: a directory or less, so that chunks come while the next directories are read. */
export const packFilesFirst = 32;
/** Bytes of files in one pack, where it has more than one: some forty of a usual tree, of which two packs fit into the window. */
export const packBytesMax = 4 * MiB;
/** Packs of one put that are read, sent and made durable at once: one for the thread that reads, one for the disks, one for the commit. */
export const packsAtOnceMax = 3;
/** Bytes, heads included, and pieces in one message of several chunks: a message costs 0.4 ms at each end beside its bytes, and in 2 MiB of usual chunks that is a tenth of what they cost. */
export const chunkBundleBytesMax = 2 * MiB;
export const chunkBundlePiecesMax = 1024;
/** A transaction that nothing was asked of for this long is given up: whoever began it has forgotten it. */
export const transactionIdleMs = 60 * 60_000;
/** Names that a transaction looks up in the network at once, before it says whether a change is possible. */
export const transactionReadsMax = 32;
/** Directories of which a transaction remembers where they are: far more than it can change, and about 1 MiB. */
export const transactionDirectoriesMax = 10_000;
/** Leases that the end of a transaction ends at once: a shelf's answer takes a commit. */
export const transactionLeasesAtOnceMax = 16;
/** Shells and scripts attached to one peer at once. */
export const controlConnectionsMax = 128;
/** A handshake at the control socket takes 2 ms on a machine at rest; a busy one has it this long. */
export const controlHandshakeMs = 10_000;
/** The key of the control socket is read this often before it counts as wrong: a peer that starts makes a new one. */
export const controlKeyReadingsMax = 3;
/** Transactions that are open at once over the control socket: one for each script of a busy machine, and each holds up to a full batch. */
export const controlTransactionsMax = 32;
/** Entries of a walk in one message: about 100 KiB. */
export const walkPageEntries = 250;
/** Chunks of one file that are remembered while it is counted how much of it is new: 64 GiB of them, and some 30 MiB of memory. */
export const countedDigestsMax = 262_144;
/** A transfer tells of its progress this often at the most: ten times a second looks smooth. */
export const transferProgressMs = 100;
/** Plaintext or sealed bytes that one transfer holds in memory at once: six messages, so that disks, line and threads have something to do at the same time. */
export const transferWindowBytes = 12 * MiB;
/** Files that a transfer works on at once unless told otherwise: enough to hide the latency of small ones. */
export const transferFilesDefault = 32;
/** … and at the most. */
export const transferFilesMax = 64;
/** Finished files that wait for their commit at once; they cost a few hundred bytes each. */
export const transferCommitsWaitingMax = 512;
/** File records in one question to a shelf or one order of the catalogue. */
export const recordsPerCallMax = 500;
/** A command whose answer does not come is sent again after this long: most often its leader only just lost its place … */
export const commandRetryMsMin = 20;
/** … then twice as long each time up to this: an election takes up to a second, and is noticed soon after … */
export const commandRetryMsMax = 250;
/** … and given up after this long. */
export const commandTimeoutMs = 20_000;
/** Bytes that are fetched ahead of whoever reads a file in order, at first: who wants its first lines needs no more … */
export const fetchAheadBytesMin = 512 * KiB;
/** … and at the most, as soon as he has read some: it hides the delay of any link that we mean to serve. */
export const fetchAheadBytesMax = 4 * MiB;
/** Chunks of other peers that were read lately, kept for who reads them again: some 60 of them. */
export const chunkCacheBytesMax = 16 * MiB;
/** A shelf looks for leases that ran out this often. */
export const leaseSweepMs = 15_000;
/** A lease is ended this long after it ran out, for a renewal that is late. */
export const leaseGraceMs = 60_000;
/** Leases looked at in one step. */
export const leasesPerPage = 100;
/** A shelf looks for space to give back this often. */
export const compactionMs = 60_000;
/** Members without a connection are dialled this often … */
export const redialMs = 5_000;
/** … this many at once. */
export const redialsAtOnceMax = 8;
/** Chunk ids that `why` shows. */
export const whyChunksShown = 4;
/** `why` waits this long for each holder. */
export const whyHoldersAskedMs = 3_000;
/** The answer to a join carries the list of members. */
export const joinFrameBytesMax = 1 * MiB;
/** Joining commits one command; a busy coordinator gets some time. */
export const joinTimeoutMs = 10_000;
/** A join that was not answered, or is refused for the moment, is tried again for so long: a machine with more to do than it can do takes its time … */
export const joinPatienceMs = 45_000;
/** … with pauses from the first to the second, for a few strangers at a time are let in. */
export const joinPauseMsMin = 250;
export const joinPauseMsMax = 3_000;
/** A heartbeat that takes longer is given up; the next one is due already. */
export const heartbeatTimeoutMs = 3_000;
/** Machines that may join with one invite: a class room. */
export const inviteUsesMax = 100;
/** Digits of an invite's hash that name it, where no other one begins so. */
export const inviteIdDigitsMin = 8;
/** An invite counts for this long unless told otherwise: a day to walk over to the other machine … */
export const inviteMs = 24 * 60 * 60_000;
/** … and for a month at the most. */
export const inviteMsMax = 30 * 24 * 60 * 60_000;
/** A peer that starts waits this long for the coordinator before it serves without it. */
export const entryWaitMs = 4_000;
/** A shell that finds the data folder held looks for the holder's socket this often … */
export const attachRetryMs = 50;
/** … for this long. */
export const attachWaitMs = 5_000;
/** A peer that was told to stop ends within this. */
export const stopMs = 4_500;
/** A chunk whose transfer breaks off is sent, or asked for from all its holders, this often … */
export const chunkTriesMax = 4;
/** … first again after this long: time to connect anew. */
export const chunkRetryMs = 250;
/** A holder that has not sent the largest chunk, or as many bytes of several, by then is not waited for while another one may have it: a slow line sends 1 MiB in less. */
export const holderPatienceMs = 10_000;
/** An upload waits for so long for a peer to come back or for another to take over, with pauses of at most the second. */
export const uploadPatienceMs = 60_000;
export const uploadRetryMsMax = 1_000;
/** The owner of a shelf that was chosen for a new file has this long to take it before another is chosen: an answer takes milliseconds. */
export const placementPatienceMs = 5_000;
/** A shelf that did not take a new file is not chosen for so long, while there is another. */
export const shelfAvoidedMs = 60_000;
/** A peer that owes answers to chunks that it was sent, neither takes more of them nor says anything for so long, is left: a disk that stalls is back by then. */
export const chunkSilenceMs = 30_000;
/** A file that lost chunks with a shelf's former owner is read again so often at the most. */
export const uploadTriesMax = 5;
/** A commit whose records must be confirmed again, because a chain changed under it, is tried so often. */
export const commitTriesMax = 12;
/** A change that was sealed by keys which were just replaced is sealed and tried again so often: keys change when people take shares back. */
export const rekeyTriesMax = 8;
/** … with pauses from the first to the second: whoever leads a shelf hears of a change of its chain by the next heartbeat. */
export const commitPauseMsMin = 20;
export const commitPauseMsMax = 1_000;
/** Buffers for arriving chunks that a peer keeps for the next ones: those of a transfer's window, in the sizes that buffers have. New ones would keep the garbage collector busy. */
export const frameBuffersKeptBytes = 16 * MiB;
/** Data lanes that a peer accepts at once: a few from each of a large group's peers. */
export const laneConnectionsMax = 256;
/** Lanes that were offered and not opened yet. */
export const laneOffersMax = 256;
/** … and to one peer: one for each channel that it may open at once. */
export const laneOffersPerPeerMax = 16;
/** An offer of a lane counts this long, and its handshake may take as long. */
export const laneHandshakeMs = 3_000;
/** Where no lane could be opened (a firewall, say), libp2p streams serve for this long before a lane is tried again. */
export const laneRetryMs = 60_000;
/** Frames that are sent in one turn are copied together up to this size: one muxer frame, and less work than several writes. */
export const joinedFramesBytesMax = 32 * KiB;
/** The smallest buffer that is kept for another use; below that a new one costs nothing. */
export const reusedBufferBytesMin = 64 * KiB;
/** Room beside a chunk in a reused buffer: for its tag and its frame's header. */
export const reusedBufferSlackBytes = 4 * KiB;
/** Memory for batches of sealed chunks that a chunking thread keeps for the next ones: what a transfer's window has on its way. New memory would keep the garbage collector of both threads busy. */
export const sealedBuffersKeptBytes = 16 * MiB;
/** Callers that need not share commands: their commands are under way at once. */
export const sharingCallersMin = 4;
/** Commands under way at once while each is recorded by itself and shares with no other: the leader makes them durable together. */
export const aloneCommandsMax = 16;
/** Operations of several callers in one command: even the longest ones fit into it. */
export const sharedOperationsMax = 64;
/** A shared command waits for the callers of the one before for as long as that one took, but no longer than this: even on a busy machine most are back by then. */
export const sharedGatherMsMax = 20;
/** Events of a transfer in one message of the control socket. */
export const transferEventsPerMessage = 250;
/** What a transfer tells within this time is told together: nobody sees it, and a message costs as much as many events in one. */
export const transferEventsGatherMs = 25;
/** Events of a transfer that wait for a slow reader: a few MiB, far more than a terminal ever is behind. */
export const transferEventsWaitingMax = 10_000;
/** Bytes that an index of names may have on the disk: some twenty million names. */
export const namesFileBytesMax = 4096 * MiB;
/** Names that a new index sorts at once: some 40 MB; each part touches every page of what is there once more. */
export const namesIndexedAtOnce = 250_000;
/** Index files that a data folder keeps, of those who logged in last: the people at one machine. */
export const namesFilesMax = 8;
/** Keyrings that an index of names keeps open while it follows changes: those of the directories at work. */
export const keyringsKeptMax = 2_048;
/** Ways to directories that one page of a search remembers. */
export const pathsKeptMax = 20_000;
/** Names that waited for their directory and are read at once. */
export const sealedNamesBatch = 500;
/** Rows of an index of names that are tested between two looks at the caller. */
export const findPageHits = 1_000;
/** Trigrams of a pattern that a find looks up: those of a long name; more of them would leave out nothing that these do not. */
export const trigramsAskedMax = 32;
/** Names below a directory that a find looks at one directory after the other: some 20 ms; of more it scans all names. */
export const findBelowMax = 5_000;
/** Names that `ls` waits for before it writes more: a few screens, whose columns have the same widths. */
export const listedAtOnce = 250;
/** Entries that a peer opens before others get their turn: a few milliseconds. */
export const openedAtOnce = 100;
/** Names on one page of a directory: a few screens, and some milliseconds of work. */
export const namesPageMax = 1_000;
/** Names of a directory that a peer gathers and sorts without an index of names: some 30 ms. */
export const namesGatheredMax = 2_000;
/** A larger directory is listed unsorted when its index is not up to date by then: to gather 100,000 names takes as long. */
export const namesPatienceMs = 5_000;
/** How often the index of names follows the catalogue by itself: what has changed since is read in some milliseconds. */
export const namesFollowMs = 3_000;
/** Files and directories of a network from which on that is worth a thread and its 20 MiB: an index of fewer is made in some 0.2 s. */
export const namesKeptFromEntries = 10_000;
/** Changes between two such looks from which on a network is at work, and the index waits until it rests: many at once cost a third of as many by and by. */
export const namesBusyChanges = 1_000;
/** … but never for more changes than this: whoever asks then waits for a second or two. */
export const namesBehindChangesMax = 50_000;
/** Names, and directories with their keys, that a user's session keeps open: a few MiB, and more than the directories that a person works in have. */
export const openedEntriesKeptMax = 4_096;
/** Names that cannot be opened that a listing of a directory tells: far more than a person looks into. */
export const refusedNamesMax = 500;
/** Pages of changes that wait for the thread that opens their names: one in work, one at hand. */
export const changePagesAhead = 2;
/** Entries of a find that are looked up at once, where more than the names is asked for. */
export const findLookupsAtOnce = 32;
/** Tests of names in one find. */
export const findNamesMax = 16;
/** Characters of a pattern: several times what a name can have. */
export const globCharactersMax = 1_024;
/** Times that one search makes an index anew whose file is damaged: what is damaged again at once is a broken disk. */
export const namesRebuildsMax = 2;
/** Directories that a find looks into to tell what in them cannot be opened: who has more of them knows from the first. */
export const refusedDirectoriesMax = 100;

/* What a peer finds out about itself */
/** No single check takes longer: all are made at once, and nobody waits 10 s for an answer without a reason. */
export const checkMs = 6_000;
/** Peers that are asked for their time and version, coordinators first: enough to tell a pattern. */
export const checkPeersAskedMax = 16;
/** Peers that are asked to dial this one back: one may be wrong by itself. */
export const dialBackPeersMax = 3;
/** Longest that the dialling peer tries: shorter than a check, so that its answer arrives. */
export const dialBackMs = 4_000;
/** Peers that one peer dials back at once; it is nobody's port scanner. */
export const dialBacksAtOnceMax = 8;
/** Long enough for any version that there will be. */
export const versionCharactersMax = 64;
/** A file of this size shows a disk's speed, and neither fills nor wears it. */
export const probeFileBytes = 4 * MiB;
/** Written and flushed more slowly than this, a put waits for the disk more than for anything else. */
export const probeMsWarned = 2_000;
/** Room on the disk below which somebody should think of more. */
export const freeBytesWarned = 1024 * MiB;
/** Memory below which a peer that fills a backup beside other work is slowed down by swapping. */
export const memoryBytesWarned = 256 * MiB;
/** Open files of a busy peer: its connections and lanes, its segments and databases, twice over. */
export const openFilesWanted = 2_048;
/** How often the clock is held against one that cannot be set … */
export const clockLookMs = 10_000;
/** … what difference counts as a jump: more than any correction of a time service in that time … */
export const clockJumpMs = 2_000;
/** … and how long a jump is worth telling. */
export const clockJumpToldMs = 24 * 60 * 60_000;
/** Clocks that differ by more than this show wrong times to people … */
export const clockSkewMsWarned = 2_000;
/** … and by more than this, invites, logins and files end at the wrong time. */
export const clockSkewMsMax = 60_000;
/** A coordinator that takes longer for an empty answer makes every change slow. */
export const roundTripMsWarned = 500;
/** Entries that a member of the group may lack while it catches up: seconds of work. */
export const lagEntriesWarned = 1_000;
/** File keys that wait to be announced after a large put: some minutes of work. */
export const announceQueueWarned = 10_000;
/** What a backup peer may lack while people put files: a minute or two of a wire. */
export const lagChangesWarned = 1_000;
export const lagBytesWarned = 1024 * MiB;
/** Sets are compared every minute; not for so long means that something keeps them from it. */
export const verifiedMsWarned = 60 * 60_000;

/* Jobs */
/** Jobs of a peer that are in work at once, paused ones too: the files in work of all of them still fit into the line of the chunking pool. */
export const jobsRunningMax = 12;
/** Jobs of a peer that have not ended, those that wait for their turn too: more than that is a script that went wrong. */
export const jobsUnfinishedMax = 1_000;
/** Jobs of one user that have ended and are kept, the oldest makes room: what a person looks back at … */
export const jobsEndedMax = 100;
/** … for a day. */
export const jobEndedMs = 24 * 60 * 60_000;
/** Files whose failure a job keeps with its reason: more than anybody reads, and few MiB. */
export const jobFailuresMax = 1_000;
/** Of those, told in one message of the control socket: with the longest paths they stay below its size. */
export const jobFailuresPerMessage = 100;
/** A command as it was typed; the rest of a longer one is left out. */
export const jobLabelCharactersMax = 1_000;
/** Jobs of one shell's own that run at once: each is a command with its calls and its output. */
export const ownJobsMax = 32;
/** Of those, the last that ended are kept for `jobs` and `wait`. */
export const ownJobsKept = 100;
/** Transfers whose end one shell waits for at once, each by a call; it hears of the others' when one of those has ended. */
export const watchedTransfersMax = 64;
/* Full-screen views */
/** A view waits so long for each answer, then shows how old the last one is. */
export const watchAnswerMs = 5_000;
/** How often `status --watch` looks unless told otherwise … */
export const watchIntervalMs = 2_000;
/** … and the range of that: a few looks a second are no load, and after an hour nobody watches. */
export const watchIntervalMsMin = 200;
export const watchIntervalMsMax = 3_600_000;

/* Undo */
/** Changes of one user that can be taken back: more than anybody remembers … */
export const undoChangesMax = 100;
/** … and of all users of one machine. */
export const undoChangesInAllMax = 1_000;
/** Commands of one change that are remembered: those of a put of some million files. */
export const undoCommitsMax = 20_000;
/** Files and directories of a change that can be taken back at once; about 100 MiB while it is worked out. */
export const undoEntriesMax = 100_000;
/** Steps of an undo that are told one by one. */
export const undoStepsShownMax = 1_000;
/** Looks at the catalogue under way at once for one undo. */
export const undoReadsAtOnce = 16;
/** Directories whose sums one tree of `ncdu` keeps: some 20 MiB; those deeper down are summed up again when they are entered. */
export const treeDirectoriesMax = 50_000;
/** Files that a view of one directory lists, the largest of them: more than anybody scrolls through. */
export const filesListedMax = 10_000;
/** `top` looks more often than `status --watch`: people wait for what they order there. */
export const topIntervalMs = 500;
/** Local files whose content a peer remembers, so that they are not read again: about 250 bytes of its disk each. */
export const knownFilesMax = 1_000_000;
/** Of those, what is written at once: ten milliseconds of SQLite, a MiB of memory. Their ids are random, so that fewer at once write each page of the file more often. */
export const knownFilesUnwrittenMax = 2048;
/** Names of one local folder that a thread looks at in one go: a message costs as much as ten of them. */
export const inspectedAtOnce = 64;
/** Names of one directory that a put looks up in one question: what a coordinator answers in one page. */
export const lookedUpAtOnce = 256;
/** What a put looked up is asked again when the file's turn comes later than this, so that others' changes are seldom overlooked. */
export const lookupFreshMs = 2_000;
/** Changed nodes that a put takes in to know which files of the network were not touched: 1 MiB, and a second to ask for. */
export const treeChangesMax = 10_000;
/** Two changes of a file that are no further apart may bear one time: FAT counts in two seconds, and nobody counts coarser. */
export const fileTimeGranularityMs = 2_000;
