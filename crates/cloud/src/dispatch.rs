//! The life of a request, written once: bytes, parameters, operation, signature, caller, request, permission, one transaction with
//! its idempotency and its audit row, reply.

use std::sync::Arc;

use coffer_base::{ApiError, Arn, Clock, ErrorCode, Region, Rng, ids, limits};
use coffer_crypto::{KeySpec, Material};
use coffer_store::jobs::Job;
use coffer_store::{Db, StoreError, Tx, accounts, idempotency};

use crate::audit;
use crate::auth::replay::Replays;
use crate::auth::signature::{Claim, Coverage, Scheme};
use crate::auth::{Authenticated, Failures, KeyUses, PolicyCache, anonymous, authenticate, authorize, requested_tags};
use crate::bell::{Bell, Wait};
use crate::caller::{Caller, Identity};
use crate::context::{Cx, Origin};
use crate::encode::{self, Format};
use crate::exchange::{Incoming, Outgoing};
use crate::idempotent;
use crate::key_maker::KeyMaker;
use crate::keyring::Keyring;
use crate::operation::{Access, Decoded, Effect, Entry};
use crate::parameters::Parameters;
use crate::product::Product;
use crate::settings::Settings;
use crate::value::Value;
use crate::volumes::Volumes;
use crate::{coffer, ecs, kms, location, ram, sts};

/// The whole service behind the gateway. Clones share everything.
#[derive(Clone)]
pub struct Cloud(pub(crate) Arc<Shared>);

/// What every request and job works with.
pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) keyring: Keyring,
    pub(crate) settings: Settings,
    pub(crate) policies: PolicyCache,
    pub(crate) uses: KeyUses,
    pub(crate) failures: Failures,
    pub(crate) replays: Replays,
    pub(crate) key_maker: KeyMaker,
    pub(crate) volumes: Volumes,
    pub(crate) bell: Bell,
}

/// A request on its way, once its operation is known.
struct Call {
    entry: &'static Entry,
    caller: Caller,
    origin: Origin,
    request_id: String,
    nonce: Option<(crate::auth::replay::Fingerprint, coffer_base::Timestamp)>,
    token: Option<idempotent::Token>,
    /// Whether the use of the access key is to be recorded.
    use_due: bool,
    prepared: Option<Arc<Material>>,
}

/// The answer of a write, and the jobs to be done before it is given.
type Written = (Value, Vec<Job>);

impl Cloud {
    /// Puts the parts together.
    pub fn new(
        db: Db,
        clock: Clock,
        rng: Arc<dyn Rng>,
        keyring: Keyring,
        settings: Settings,
        volumes: Volumes,
    ) -> Self {
        Self(Arc::new(Shared {
            db,
            clock,
            rng,
            keyring,
            settings,
            policies: PolicyCache::default(),
            uses: KeyUses::default(),
            failures: Failures::default(),
            replays: Replays::new(limits::NONCES),
            key_maker: KeyMaker::default(),
            volumes,
            bell: Bell::default(),
        }))
    }

    /// Answers one request. A write's answer comes once it is durable.
    pub async fn handle(&self, incoming: Incoming) -> Outgoing {
        let request_id = ids::request_id(&*self.0.rng);
        let host = host_of(&incoming);
        let parameters = Parameters::parse(&incoming);
        let claim = parameters.as_ref().ok().map(|parameters| Claim::read(&incoming, parameters));
        let product =
            claim.as_ref().and_then(|claim| claim.as_ref().ok()).and_then(|c| Product::by_version(&c.version));
        let format = format(parameters.as_ref().ok(), &incoming, product);
        let outcome = match (parameters, claim) {
            (Ok(parameters), Some(Ok(claim))) => self.guarded(&incoming, &parameters, &claim, &request_id).await,
            (Err(error), _) | (_, Some(Err(error))) => Err(error),
            (Ok(_), None) => unreachable!("a claim is read whenever the parameters were"),
        };
        match outcome {
            Ok((entry, value)) => encode::success(format, entry.product, entry.operation.name, request_id, value),
            Err(error) => {
                if let Some(cause) = error.source() {
                    tracing::error!(request_id, %cause, "the request failed");
                }
                encode::failure(format, product, &host, request_id, &error)
            }
        }
    }

    /// Answers a request that could not be read, or may not be.
    pub fn refuse(&self, error: &ApiError) -> Outgoing {
        encode::early_failure(ids::request_id(&*self.0.rng), error)
    }

    /// Serves a source that has not failed too often to prove who it is.
    async fn guarded(
        &self,
        incoming: &Incoming,
        parameters: &Parameters,
        claim: &Claim,
        request_id: &str,
    ) -> Result<(&'static Entry, Value), ApiError> {
        let Some(most) = self.0.settings.most_failures else {
            return self.serve(incoming, parameters, claim, request_id).await;
        };
        self.0.failures.check(incoming.peer, most, self.0.clock.now())?;
        let outcome = self.serve(incoming, parameters, claim, request_id).await;
        if let Err(error) = &outcome {
            self.0.failures.note(incoming.peer, error, self.0.clock.now());
        }
        outcome
    }

    async fn serve(
        &self,
        incoming: &Incoming,
        parameters: &Parameters,
        claim: &Claim,
        request_id: &str,
    ) -> Result<(&'static Entry, Value), ApiError> {
        let entry = find(incoming, claim)?;
        match entry.operation.effect {
            Effect::Read => self.read(entry, incoming, parameters, claim, request_id).await,
            Effect::Write => {
                let (mut call, decoded, costly) = self.0.db.read(|tx| {
                    let (call, decoded) = self.prepare(tx, entry, incoming, parameters, claim, request_id)?;
                    let costly = self.0.costly(tx, &call, &decoded)?;
                    Ok::<_, ApiError>((call, decoded, costly))
                })?;
                if let Some(spec) = costly {
                    call.prepared = Some(Arc::new(self.0.key_maker.make(spec, &self.0.rng).await?));
                }
                let shared = Arc::clone(&self.0);
                match self.0.db.write(move |tx| shared.write(tx, &call, decoded)).await? {
                    Ok((value, prompts)) => {
                        self.work_promptly(prompts).await;
                        Ok(value)
                    }
                    Err(error) => Err(error),
                }
            }
        }
        .map(|value| (entry, value))
    }

    /// A read, done again after a while if it found nothing and waits.
    async fn read(
        &self,
        entry: &'static Entry,
        incoming: &Incoming,
        parameters: &Parameters,
        claim: &Claim,
        request_id: &str,
    ) -> Result<Value, ApiError> {
        let mut prepared = None;
        let mut outcome = self.0.db.read(|tx| {
            let (call, decoded) = self.prepare(tx, entry, incoming, parameters, claim, request_id)?;
            let call = &*prepared.insert(call);
            self.0.look(tx, call, decoded)
        });
        if let Some(used) = prepared.as_ref().filter(|call| call.use_due).map(|call| call.caller.access_key_id.clone())
        {
            let now = self.0.clock.now();
            // Nobody waits for it: what is lost is a moment that memory still has.
            drop(self.0.db.write(move |tx| -> Result<(), StoreError> { accounts::set_last_use(tx, &used, now) }));
        }
        let mut until = None;
        while let (Some(call), Ok((_, Some(wait)))) = (&prepared, &outcome)
            && self.0.bell.wait(Wait { until: *until.get_or_insert(wait.until), ..*wait }).await
        {
            outcome = self.0.db.read(|tx| self.0.look(tx, call, (entry.decode)(parameters)?));
        }
        outcome.map(|(value, _)| value)
    }

    /// Everything up to the request that can be done without changing anything.
    fn prepare(
        &self,
        tx: &Tx<'_>,
        entry: &'static Entry,
        incoming: &Incoming,
        parameters: &Parameters,
        claim: &Claim,
        request_id: &str,
    ) -> Result<(Call, Decoded), ApiError> {
        let shared = &*self.0;
        let (now, operation) = (shared.clock.now(), entry.operation);
        let authenticated = if operation.access == Access::Anyone && matches!(claim.scheme, Scheme::Anonymous) {
            anonymous(parameters)
        } else {
            authenticate(tx, &shared.keyring, &shared.replays, now, incoming, parameters, claim)?
        };
        let Authenticated { caller, nonce, coverage } = authenticated;
        let covered;
        let parameters = match coverage {
            Coverage::Everything => parameters,
            Coverage::NonEmpty => {
                let mut kept = parameters.clone();
                kept.drop_empty();
                covered = kept;
                &covered
            }
        };
        let origin = Origin {
            peer: incoming.peer,
            tls: incoming.tls,
            region: region_of(incoming, parameters, claim, entry.product)?,
            host: host_of(incoming),
            user_agent: incoming.header("user-agent").map(str::to_owned),
            request_tags: requested_tags(parameters),
        };
        let token = entry
            .operation
            .idempotent
            .then(|| idempotent::Token::read(parameters, entry.operation))
            .transpose()?
            .flatten();
        let decoded = (entry.decode)(parameters)?;
        let long_term = matches!(caller.identity, Identity::Account | Identity::User { .. });
        let use_due = long_term && shared.uses.note(&caller.access_key_id, shared.clock.now());
        Ok((
            Call { entry, caller, origin, request_id: request_id.to_owned(), nonce, token, use_due, prepared: None },
            decoded,
        ))
    }
}

impl Shared {
    fn cx<'a>(&'a self, tx: &'a Tx<'a>, call: &'a Call) -> Cx<'a> {
        let cx = self.cx_of(tx, &call.caller, &call.origin);
        Cx { prepared: call.prepared.as_ref(), operation: Some(call.entry.operation), ..cx }
    }

    /// A read on a snapshot: the answer, and what it waits for if it found nothing.
    fn look(&self, tx: &Tx<'_>, call: &Call, decoded: Decoded) -> Result<(Value, Option<Wait>), ApiError> {
        let (mut cx, entry) = (self.cx(tx, call), call.entry);
        let resources = (entry.resources)(&mut cx, &decoded)?;
        authorize(&cx, entry.product, entry.operation, &resources)?;
        let value = (entry.run)(&mut cx, decoded)?;
        Ok((value, cx.wait))
    }

    /// The surroundings of what `caller` does.
    pub(crate) fn cx_of<'a>(&'a self, tx: &'a Tx<'a>, caller: &'a Caller, origin: &'a Origin) -> Cx<'a> {
        Cx {
            tx,
            caller,
            now: self.clock.now(),
            rng: &*self.rng,
            keyring: &self.keyring,
            settings: &self.settings,
            policies: &self.policies,
            uses: &self.uses,
            origin,
            prepared: None,
            operation: None,
            conditions: Vec::new(),
            notes: Vec::new(),
            host: &self.volumes.host,
            prompts: Vec::new(),
            wait: None,
        }
    }

    /// The kind of key to be made before the transaction. Only a caller who may have it gets that far.
    fn costly(&self, tx: &Tx<'_>, call: &Call, decoded: &Decoded) -> Result<Option<KeySpec>, ApiError> {
        let entry = call.entry;
        let prepared = kms::PREPARED.iter().find(|prepared| prepared.name == entry.operation.name);
        let Some(prepared) = prepared.filter(|_| entry.product == Product::Kms) else { return Ok(None) };
        let mut cx = self.cx(tx, call);
        let asked = (entry.resources)(&mut cx, decoded)
            .and_then(|resources| authorize(&cx, entry.product, entry.operation, &resources))
            .and_then(|()| (prepared.costly)(&mut cx, decoded));
        match asked {
            Ok(spec) => Ok(spec),
            Err(error) if error.source().is_some() => Err(error),
            // The transaction comes to the same refusal, and puts it on record.
            Err(_) => Ok(None),
        }
    }

    /// A write inside its transaction: what it does is undone when it fails; that it was tried stays on record.
    fn write(&self, tx: &Tx<'_>, call: &Call, decoded: Decoded) -> Result<Result<Written, ApiError>, ApiError> {
        let mut cx = self.cx(tx, call);
        if let Some((fingerprint, expires_at)) = &call.nonce
            && !idempotency::take_nonce(tx, fingerprint, *expires_at)?
        {
            return Ok(Err(ErrorCode::NonceUsed.into()));
        }
        if call.use_due {
            accounts::set_last_use(tx, &call.caller.access_key_id, cx.now)?;
        }
        let mut resources = Vec::new();
        let outcome = tx.atomic(|_| Self::perform(&mut cx, call, decoded, &mut resources));
        if let Err(error) = &outcome
            && error.source().is_some()
        {
            // Ours, not the caller's: the transaction may not be in a state to be written on.
            return Ok(outcome.map(|value| (value, Vec::new())));
        }
        audit::record(&cx, call.entry, &call.request_id, &resources, outcome.as_ref().err())?;
        Ok(outcome.map(|value| (value, cx.prompts)))
    }

    fn perform(cx: &mut Cx<'_>, call: &Call, decoded: Decoded, resources: &mut Vec<Arn>) -> Result<Value, ApiError> {
        let entry = call.entry;
        *resources = (entry.resources)(cx, &decoded)?;
        authorize(cx, entry.product, entry.operation, resources)?;
        let Some(token) = &call.token else { return (entry.run)(cx, decoded) };
        if let Some(answer) = token.recall(cx, entry.operation)? {
            return Ok(answer);
        }
        let value = (entry.run)(cx, decoded)?;
        token.remember(cx, entry.operation.name, &value)?;
        Ok(value)
    }
}

/// The operation that a request asks for.
fn find(incoming: &Incoming, claim: &Claim) -> Result<&'static Entry, ApiError> {
    let named = named_product(incoming)?;
    let product = Product::by_version(&claim.version).ok_or(ErrorCode::InvalidVersion)?;
    if named.is_some_and(|named| named != product) {
        return Err(ErrorCode::InvalidVersion.into());
    }
    let table = operations(product);
    Ok(table.iter().find(|entry| entry.operation.name == claim.action).ok_or(ErrorCode::UnknownAction)?)
}

/// The table of a product.
pub fn operations(product: Product) -> &'static [Entry] {
    match product {
        Product::Ecs => ecs::OPERATIONS,
        Product::Kms => kms::OPERATIONS,
        Product::Ram => ram::OPERATIONS,
        Product::Sts => sts::OPERATIONS,
        Product::Location => location::OPERATIONS,
        Product::Coffer => coffer::OPERATIONS,
    }
}

/// The product that the path or the host names, if one does.
fn named_product(incoming: &Incoming) -> Result<Option<Product>, ApiError> {
    let path = incoming.path.trim_matches('/');
    if !path.is_empty() {
        return Ok(Some(Product::by_name(path).ok_or(ErrorCode::UnknownProduct)?));
    }
    let host = host_of(incoming);
    Ok(host.split('.').next().and_then(Product::by_name))
}

/// The host as the client called it, with its port. The Python credentials library sends a whole URL there.
fn host_of(incoming: &Incoming) -> String {
    let host = incoming.header("host").unwrap_or_default();
    host.trim_start_matches("http://").trim_start_matches("https://").to_owned()
}

/// The region that a request names: by its parameter, by a label of the host (`kms.cn-beijing.example.com`), or in the scope of a
/// V4 signature.
fn region_of(
    incoming: &Incoming,
    parameters: &Parameters,
    claim: &Claim,
    product: Product,
) -> Result<Option<Region>, ApiError> {
    if let Some(id) = parameters.get("RegionId").filter(|id| !id.is_empty()) {
        return match Region::parse(id) {
            // The parameter of an ECS operation has a documented error of its own.
            None if product == Product::Kms => Err(product.invalid_parameter("RegionId")),
            region => Ok(region),
        };
    }
    let by_host = host_of(incoming).split([':', '.']).find_map(Region::parse);
    Ok(by_host.or_else(|| claim.scope_region().and_then(Region::parse)))
}

fn format(parameters: Option<&Parameters>, incoming: &Incoming, product: Option<Product>) -> Format {
    let asked = parameters.and_then(|parameters| parameters.get("Format"));
    match asked {
        Some(text) if text.eq_ignore_ascii_case("xml") => Format::Xml,
        Some(text) if text.eq_ignore_ascii_case("json") => Format::Json,
        // V3 clients set this header and can't read anything else.
        _ if incoming.header("x-acs-action").is_some() && incoming.header("x-acs-date").is_some() => Format::Json,
        _ if product.is_some_and(Product::defaults_to_xml) => Format::Xml,
        _ => Format::Json,
    }
}
