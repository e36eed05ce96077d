'use strict';
// Shows the OpenAPI document and tries requests. Everything shown is put in as text.
(() => {
  const base = '/api/v1';
  const methods = ['get', 'post', 'put', 'patch', 'delete'];
  let doc = null;
  const byId = (id) => document.getElementById(id);

  /** make('p', {class: 'x'}, 'text', child, ...) */
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === false || value === undefined || value === null) continue;
      element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  function resolve(thing) {
    while (thing && thing.$ref) {
      thing = thing.$ref.slice(2).split('/').reduce((at, step) => at[step], doc);
    }
    return thing;
  }

  // Schemas

  function typeOf(schema) {
    if (schema.$ref) return schema.$ref.split('/').pop();
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
    const type = Array.isArray(schema.type) ? schema.type.join(' or ') : schema.type || 'anything';
    return schema.items ? `list of ${typeOf(schema.items)}` : type;
  }

  function limitsOf(schema) {
    const words = [];
    if (schema.format) words.push(schema.format);
    if (schema.enum) words.push(schema.enum.filter((v) => v !== null).join(' | '));
    if (schema.minLength !== undefined || schema.maxLength !== undefined) {
      words.push(`${schema.minLength || 0} to ${schema.maxLength ?? 'any number of'} characters`);
    }
    if (schema.minimum !== undefined && schema.maximum < 1e15) {
      words.push(`${schema.minimum} to ${schema.maximum}`);
    }
    if (schema.maxItems !== undefined) words.push(`at most ${schema.maxItems}`);
    return words.join(', ');
  }

  /** The members of an object, one line each; objects inside open on demand. */
  function showSchema(schema, depth = 0) {
    const whole = resolve(schema.anyOf ? schema.anyOf[0] : schema);
    if (whole.items) return showSchema(whole.items, depth);
    if (!whole.properties) {
      return make('p', {class: 'quiet'}, [typeOf(schema), limitsOf(whole)].filter(Boolean).join(': '));
    }
    const list = make('ul', {class: 'schema'});
    for (const [name, member] of Object.entries(whole.properties)) {
      const needed = (whole.required || []).includes(name);
      const inner = resolve(member.anyOf ? member.anyOf[0] : member);
      const nested = resolve(inner.items || inner);
      const words = [typeOf(member), limitsOf(inner), needed ? 'required' : ''].filter(Boolean);
      const line = make('li', {}, make('span', {class: 'name'}, name), ' ',
                        make('span', {class: 'quiet'}, words.join(', ')));
      const about = member.description || inner.description;
      if (about) line.append(make('div', {}, about));
      if (nested.properties && depth < 6) {
        const more = make('details', {}, make('summary', {}, 'members'));
        more.addEventListener('toggle', () => {
          if (more.open && more.children.length === 1) more.append(showSchema(nested, depth + 1));
        });
        line.append(more);
      }
      list.append(line);
    }
    return list;
  }

  // One operation

  function parametersOf(operation) {
    return (operation.parameters || []).map(resolve);
  }

  function parameterInput(parameter, prefix) {
    const id = `${prefix}-${parameter.in}-${parameter.name}`;
    const schema = resolve(parameter.schema);
    const label = make('label', {for: id}, parameter.name, ' ', make('span', {class: 'quiet'},
      [parameter.in, parameter.required ? 'required' : '', typeOf(schema), limitsOf(schema)]
        .filter(Boolean).join(', ')));
    let input;
    if (schema.enum) {
      input = make('select', {id}, make('option', {value: ''}, '—'),
                   ...schema.enum.map((value) => make('option', {value}, String(value))));
    } else {
      input = make('input', {id, autocomplete: 'off', spellcheck: 'false',
                             placeholder: schema.examples ? schema.examples[0] : false});
    }
    return {parameter, input,
            shown: make('div', {}, label,
                        parameter.description ? make('div', {}, parameter.description) : null, input)};
  }

  function bodyInput(operation, prefix) {
    if (!operation.requestBody) return null;
    const [[type, content]] = Object.entries(operation.requestBody.content);
    const shown = make('div', {}, make('h3', {}, 'Body ', make('span', {class: 'quiet'}, type)));
    if (type === 'application/json') {
      const id = `${prefix}-body`;
      const input = make('textarea', {id, spellcheck: 'false'});
      input.value = JSON.stringify(content.example ?? {}, null, 2);
      shown.append(make('label', {for: id}, 'JSON'), input);
      shown.append(make('h3', {}, 'Members'), showSchema(content.schema));
      return {shown, read: () => ({body: input.value, type})};
    }
    const inputs = Object.entries(resolve(content.schema).properties).map(([name, member]) => {
      const id = `${prefix}-form-${name}`;
      const isFile = member.format === 'binary';
      const input = make('input', {id, type: isFile ? 'file' : 'text', autocomplete: 'off'});
      shown.append(make('label', {for: id}, name), input);
      return {name, input, isFile};
    });
    const read = () => {
      const body = new FormData();
      for (const {name, input, isFile} of inputs) {
        if (isFile && input.files[0]) body.append(name, input.files[0]);
        if (!isFile && input.value) body.append(name, input.value);
      }
      return {body};
    };
    return {shown, read};
  }

  function requestOf(method, path, inputs, body) {
    // What other modules serve is described with a server of its own: the root.
    let target = (doc.paths[path].servers ? '' : base) + path;
    const query = new URLSearchParams();
    const headers = new Headers();
    for (const {parameter, input} of inputs) {
      if (parameter.in === 'path') {
        target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      }
      if (!input.value) continue;
      if (parameter.in === 'query') query.append(parameter.name, input.value);
      if (parameter.in === 'header') headers.set(parameter.name, input.value);
    }
    if ([...query].length) target += `?${query}`;
    const token = byId('token').value.trim();
    if (token) headers.set('Authorization', `Bearer ${token}`);
    const sent = body ? body.read() : {};
    if (sent.type) headers.set('Content-Type', sent.type);
    return {target, options: {method: method.toUpperCase(), headers, body: sent.body}};
  }

  async function showAnswer(response, place) {
    const type = response.headers.get('Content-Type') || '';
    place.append(make('p', {class: response.ok ? 'good' : 'bad'},
                      `${response.status} ${response.statusText}`));
    const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    place.append(make('details', {}, make('summary', {}, 'Headers'), make('pre', {}, head)));
    if (type.startsWith('audio/')) {
      place.append(make('p', {}, `${(await response.blob()).size} bytes of sound`));
      return;
    }
    let text = await response.text();
    if (type.includes('json')) text = JSON.stringify(JSON.parse(text), null, 2);
    place.append(make('pre', {tabindex: '0', 'aria-label': 'Body'}, text.slice(0, 200000)));
  }

  async function send(method, path, inputs, body, button, place) {
    place.replaceChildren();
    button.disabled = true;
    try {
      const {target, options} = requestOf(method, path, inputs, body);
      place.append(make('p', {class: 'path'}, `${options.method} ${target}`));
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), 30000);
      const response = await fetch(target, {...options, signal: stop.signal, cache: 'no-store'});
      // A stream of events never ends by itself: show that it began.
      if ((response.headers.get('Content-Type') || '').startsWith('text/event-stream')) {
        const first = await response.body.getReader().read();
        place.append(make('pre', {}, new TextDecoder().decode(first.value)));
        stop.abort();
      } else {
        await showAnswer(response, place);
      }
      clearTimeout(timer);
    } catch (error) {
      place.append(make('p', {class: 'bad'}, `No answer: ${error.message}`));
    } finally {
      button.disabled = false;
    }
  }

  /** What is said on a WebSocket, by either side. */
  function messagesOf({fromClient, fromServer}) {
    const list = (title, messages) => [make('h3', {}, title), ...messages.map((message) =>
      make('details', {}, make('summary', {}, message.summary), showSchema(message.schema)))];
    return [...list('Messages to the server', fromClient),
            ...list('Messages from the server', fromServer)];
  }

  function showInside(method, path, operation, prefix) {
    const inside = make('div', {class: 'inside'});
    const needs = operation.security ? 'Needs no token.'
      : operation['x-permission'] ? `Needs the permission ${operation['x-permission']}.`
        : 'Needs a token.';
    inside.append(make('p', {class: 'quiet'}, `${operation.operationId}. ${needs}`));
    const form = make('form', {});
    const inputs = parametersOf(operation).map((one) => parameterInput(one, prefix));
    const main = inputs.filter(({parameter}) => parameter.in !== 'header');
    const headers = inputs.filter(({parameter}) => parameter.in === 'header');
    form.append(...main.map(({shown}) => shown));
    if (headers.length) {
      form.append(make('details', {}, make('summary', {}, 'Headers'),
                       ...headers.map(({shown}) => shown)));
    }
    const body = bodyInput(operation, prefix);
    if (body) form.append(body.shown);
    const button = make('button', {type: 'submit'}, 'Send');
    const answer = make('div', {role: 'status', 'aria-live': 'polite'});
    // What opens a WebSocket cannot be tried with a request.
    if (!operation.responses[101]) form.append(button);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      send(method, path, inputs, body, button, answer);
    });
    inside.append(form, answer);
    if (operation['x-websocket']) inside.append(...messagesOf(operation['x-websocket']));
    inside.append(make('h3', {}, 'Answers'));
    for (const [status, given] of Object.entries(operation.responses)) {
      const response = resolve(given);
      const line = make('details', {}, make('summary', {},
        make('span', {class: status < 400 ? 'good' : 'bad'}, status), ' ', response.description));
      const content = Object.values(response.content || {})[0];
      line.addEventListener('toggle', () => {
        if (line.open && line.children.length === 1 && content) line.append(showSchema(content.schema));
      });
      inside.append(line);
    }
    return inside;
  }

  function showOperation(method, path, operation) {
    const prefix = operation.operationId;
    const shown = make('details', {class: 'operation', id: prefix}, make('summary', {},
      make('span', {class: `badge ${method}`}, method.toUpperCase()),
      make('span', {class: 'path'}, path),
      make('span', {class: 'short'}, operation.summary)));
    shown.dataset.words = [method, path, operation.summary, prefix].join(' ').toLowerCase();
    shown.addEventListener('toggle', () => {
      if (!shown.open || shown.children.length > 1) return;
      shown.append(showInside(method, path, operation, prefix));
    });
    return shown;
  }

  // The page

  function show() {
    byId('about').textContent = doc.info.description;
    const place = byId('operations');
    place.replaceChildren();
    for (const {name} of doc.tags) {
      const id = `group-${name.replace(/\W+/g, '-')}`;
      const section = make('section', {'aria-labelledby': id}, make('h2', {id}, name));
      for (const [path, item] of Object.entries(doc.paths)) {
        for (const method of methods) {
          if (!item[method] || item[method].tags[0] !== name) continue;
          section.append(showOperation(method, path, item[method]));
        }
      }
      place.append(section);
      byId('groups').append(make('li', {}, make('a', {href: `#${id}`}, name)));
    }
    const wanted = byId(decodeURIComponent(location.hash.slice(1)));
    if (wanted && wanted.tagName === 'DETAILS') wanted.open = true;
    if (wanted) wanted.scrollIntoView();
  }

  function filter() {
    const words = byId('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const section of document.querySelectorAll('main section')) {
      let any = false;
      for (const operation of section.querySelectorAll('details.operation')) {
        operation.hidden = !words.every((word) => operation.dataset.words.includes(word));
        any = any || !operation.hidden;
      }
      section.hidden = !any;
    }
  }

  byId('filter').addEventListener('input', filter);
  byId('sign-in').addEventListener('submit', (event) => event.preventDefault());
  byId('show-token').addEventListener('change', (event) => {
    byId('token').type = event.target.checked ? 'text' : 'password';
  });
  fetch('/api/openapi.json')
    .then((response) => response.json())
    .then((loaded) => { doc = loaded; show(); })
    .catch((error) => { byId('state').textContent = `The document did not load: ${error.message}`; });
})();
